import { entryOf, type AuditLog } from '../audit/index.js';
import type { Asking } from '../directory/index.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type EntryId, type OrganizationId } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import {
  confirmDemands,
  countOpenDemands,
  demandsOf,
  openDemands,
} from './postgres/roster-demands.js';
import { Rosters, type RosterDemand, type RosterPage } from './rosters.js';

export class StoredRosters extends Rosters {
  readonly #transactions: Transactions;
  readonly #audit: AuditLog;

  constructor(transactions: Transactions, audit: AuditLog) {
    super();
    this.#transactions = transactions;
    this.#audit = audit;
  }

  override async open({
    cursor,
    limit,
  }: {
    readonly cursor: OrganizationId | null;
    readonly limit: number;
  }): Promise<RosterPage> {
    const found = await this.#transactions.read('service', (tx) =>
      openDemands(tx, cursor, limit + 1),
    );
    const items = found.slice(0, limit);
    return { items, next: found.length > limit ? (items.at(-1)?.organization ?? null) : null };
  }

  override of(organization: OrganizationId): Promise<readonly RosterDemand[]> {
    return this.#transactions.read('service', (tx) => demandsOf(tx, organization));
  }

  override confirm(
    roster: { readonly organization: OrganizationId; readonly epoch: number },
    reason: string,
    asking: Asking,
  ): Promise<RosterDemand> {
    return this.#transactions.run('service', async (tx) => {
      const at = await this.#audit.now(tx);
      const confirmed = await confirmDemands(tx, roster, at);
      const demand = (await demandsOf(tx, roster.organization)).find(
        ({ epoch }) => epoch === roster.epoch,
      );
      if (demand === undefined)
        throw new DomainError('roster.unknown', 'no roster was demanded in this epoch');
      // An audit entry for each word that changed something: who says it again has said nothing new.
      if (confirmed.length > 0)
        await this.#audit.append(tx, [
          entryOf({
            id: newId<EntryId>(),
            org: roster.organization,
            at: at.toISOString(),
            action: 'roster.reconciled',
            outcome: 'success',
            actor: asking.actor,
            subject: { type: 'organization', id: roster.organization },
            request_id: asking.requestId,
            detail: { epochs: confirmed.map(({ epoch }) => epoch).sort((a, b) => a - b), reason },
          }),
        ]);
      return demand;
    });
  }

  override countOpen(tx: Tx): Promise<number> {
    return countOpenDemands(tx);
  }
}
