import { newId, type CaseId, type EntryId } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import type { RequestMark } from '../platform/http/request.js';
import type { DeviceDoor } from './device-door.js';
import { deviceActor } from './domain/entries.js';
import { isAlive } from './domain/standing.js';
import type { Endings } from './endings.js';
import { lockFamily } from './postgres/lock-family.js';

interface Parts {
  readonly transactions: Transactions;
  readonly door: DeviceDoor;
  readonly endings: Endings;
}

/** A device gives its device token back. */
export class RevokeDeviceToken {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Ends the device token of this refresh secret, or of one that it has replaced. When it has ended already,
   * nothing happens.
   *
   * @throws DomainError `token.invalid` when the secret is none of ours; `store.unavailable`
   */
  async execute(presented: string, reason: string | null, mark: RequestMark): Promise<void> {
    const { transactions, door, endings } = this.#parts;
    const shown = await door.refresh(presented);
    const records = await transactions.run('deprovision', async (tx) => {
      const family = await lockFamily(tx, shown.organization, shown.family);
      if (family === null || !isAlive(family.issued, family.standings)) return [];
      const record = await endings.end(tx, {
        case: newId<CaseId>(),
        entry: newId<EntryId>(),
        organization: family.organization,
        scope: 'family',
        subject: family.id,
        user: family.owner,
        action: 'token.revoked',
        kind: 'admin',
        reason,
        actor: deviceActor(family),
        ...mark,
        at: family.at,
      });
      return [record];
    });
    endings.published(records);
  }
}
