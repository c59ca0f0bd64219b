import type { AuditLog } from '../audit/index.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type CaseId, type EntryId } from '../kernel/ids.js';
import type { Secret } from '../kernel/secret.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import type { OutboxRecord } from '../outbox/index.js';
import type { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import type { RotatingSecrets } from '../platform/crypto/rotating-secrets.js';
import type { RequestMark } from '../platform/http/request.js';
import type { AccessMinter, DeviceTokenAnswer, Minting } from './access-minter.js';
import type { DeviceDoor, ShownSecret } from './device-door.js';
import { decideRefresh, type Shown } from './domain/decide-refresh.js';
import { deviceActor, mintedEntry } from './domain/entries.js';
import type { Family } from './domain/family.js';
import type { Endings } from './endings.js';
import { lockFamily } from './postgres/lock-family.js';
import { rotateFamily } from './postgres/rotate-family.js';
import type { RefusedDeeds } from './refused-deeds.js';

interface Parts {
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly door: DeviceDoor;
  readonly endings: Endings;
  readonly refused: RefusedDeeds;
  readonly secrets: OpaqueSecrets;
  readonly rotating: RotatingSecrets;
  readonly minter: AccessMinter;
}

type Refreshed =
  | { readonly family: Family; readonly minting: Minting; readonly refresh: Secret }
  /** Somebody used a secret that had been replaced: the device token has ended. */
  | { readonly reuse: OutboxRecord };

/** A device gets a new access token, and a new refresh secret in the place of the one it shows. */
export class RefreshDeviceToken {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * @throws DomainError `token.invalid` when the secret is unknown, dead, expired or used before; `user.held`,
   *   `device.held`, `organization.held` when the secret will work again; `token.no_signing_key`; `store.unavailable`
   */
  async execute(presented: string, mark: RequestMark): Promise<DeviceTokenAnswer> {
    const { door, refused, endings, minter, transactions } = this.#parts;
    const shown = await door.refresh(presented);
    const deed = {
      name: 'token.refresh',
      organization: shown.organization,
      actor: deviceActor(shown),
      subject: { type: 'family', id: shown.family },
      requestId: mark.requestId,
    } as const;
    const refreshed = await refused.watch(deed, () =>
      transactions.run('service', (tx) => this.#refresh(tx, shown, mark)),
    );
    if ('reuse' in refreshed) {
      // The revocation has been committed; thief and victim hear the same no.
      endings.published([refreshed.reuse]);
      throw new DomainError('token.invalid');
    }
    return minter.answer(refreshed.family, refreshed.minting, refreshed.refresh);
  }

  async #refresh(tx: Tx, shown: ShownSecret, mark: RequestMark): Promise<Refreshed> {
    const family = await lockFamily(tx, shown.organization, shown.family);
    if (family === null) throw new DomainError('token.invalid');
    const which = this.#which(family, shown);
    const decision = decideRefresh(family, which);
    switch (decision) {
      case 'reuse':
        return { reuse: await this.#endReused(tx, family, mark) };
      case 'rotate':
      case 'repeat':
        return this.#tell(tx, family, { shown, mark, isRepeat: decision === 'repeat' });
      default:
        throw new DomainError(decision.refused, decision.detail);
    }
  }

  #which({ refreshDigest, counter }: Family, { secret }: ShownSecret): Shown {
    const { secrets, rotating } = this.#parts;
    if (refreshDigest === null) return 'older';
    if (secrets.matches(refreshDigest, secret)) return 'present';
    // The one before is the one whose successor is the present one.
    const successor = rotating.next(secret, counter);
    return Buffer.compare(successor.digest, refreshDigest) === 0 ? 'previous' : 'older';
  }

  async #tell(
    tx: Tx,
    family: Family,
    told: { readonly shown: ShownSecret; readonly mark: RequestMark; readonly isRepeat: boolean },
  ): Promise<Refreshed> {
    const counter = told.isRepeat ? family.counter : family.counter + 1;
    const successor = this.#parts.rotating.next(told.shown.secret, counter);
    if (!told.isRepeat && !(await rotateFamily(tx, family, successor.digest)))
      throw new DomainError('token.invalid');
    const minting = this.#parts.minter.prepare(family);
    await this.#parts.audit.append(tx, [
      mintedEntry(family, minting.claims, {
        id: newId<EntryId>(),
        requestId: told.mark.requestId,
        action: 'token.refreshed',
        counter,
        isRepeat: told.isRepeat,
      }),
    ]);
    return { family, minting, refresh: successor.text };
  }

  #endReused(tx: Tx, family: Family, mark: RequestMark): Promise<OutboxRecord> {
    return this.#parts.endings.end(tx, {
      case: newId<CaseId>(),
      entry: newId<EntryId>(),
      organization: family.organization,
      scope: 'family',
      subject: family.id,
      user: family.owner,
      action: 'token.reuse_detected',
      kind: 'incident',
      reason: 'a refresh secret was used again after it had been replaced',
      actor: deviceActor(family),
      ...mark,
      at: family.at,
    });
  }
}
