import type { AuditEntry, AuditLog } from '../../audit/index.js';
import type { Deprovision, Operator } from '../../deprovision/index.js';
import type { Connections, ConnectionName } from '../../directory/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { newId } from '../../kernel/ids.js';
import type { Transactions } from '../../kernel/tx.js';
import {
  finishReconciliation,
  insertReconciliation,
  listFindings,
  markFindings,
  selectReconciliation,
} from '../postgres/reconciliations.js';
import { whyNotApply } from './judge-apply.js';
import type { RosterReading } from './read-roster.js';
import type { Finding, Reconciliation, ReconciliationId } from './reconciliation.js';
import { detailOf, entryFor } from './roster-entries.js';
import type { RosterComparison } from './roster-comparison.js';

export interface ReconciliationOrder {
  readonly operator: Operator;
  readonly connection: ConnectionName;
  /** Begins to read it. */
  readonly roster: () => RosterReading;
  /** Whether those who are found are revoked, and on what terms. */
  readonly apply: { readonly maxShare: number; readonly hold: boolean } | null;
}

export interface ReconciliationParts {
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly deprovision: Deprovision;
  readonly connections: Connections;
  readonly comparison: RosterComparison;
  /** How many people are revoked in one transaction; 200 unless told. */
  readonly revokedAtOnce?: number;
}

/** So many at once in this process: each reads a whole connection. */
const MOST_AT_ONCE = 2;
/**
 * In one transaction, one after the other: whom IdPs let go meanwhile has every other connection, and waits for a fifth of a
 * second at most if it is one of these people.
 */
const REVOKED_AT_ONCE = 200;

/** Finds who still has access and is not on the IdP's own roster. */
export class Reconciliations {
  readonly #parts: ReconciliationParts;
  #running = 0;

  constructor(parts: ReconciliationParts) {
    this.#parts = parts;
  }

  /**
   * @returns when everybody who was found has been revoked, if that was ordered: all of it is committed
   * @throws DomainError `connection.unknown`; `request.invalid_value` when it is no SCIM connection; those of
   *   {@link readRoster}; `roster.empty`, `roster.malformed`, `roster.too_many_missing` when it was to be applied:
   *   nobody is revoked then; `store.unavailable`: what has been revoked stays so, the rest is found the next time
   */
  async reconcile(order: ReconciliationOrder): Promise<Reconciliation> {
    const connection = await this.#parts.connections.get(order.connection);
    if (connection?.removedAt !== null) throw new DomainError('connection.unknown');
    if (connection.kind !== 'scim')
      throw new DomainError('request.invalid_value', 'only a scim connection knows who is there');
    if (this.#running >= MOST_AT_ONCE)
      throw new DomainError('service.overloaded', 'rosters are being compared; try again');
    this.#running += 1;
    try {
      const found = await this.#compare(order);
      if (order.apply === null) return found;
      await this.#judge(order, found, order.apply.maxShare);
      return await this.#apply(order, found, order.apply.hold);
    } finally {
      this.#running -= 1;
    }
  }

  async get(connection: ConnectionName, id: ReconciliationId): Promise<Reconciliation> {
    const name = { organization: connection.organization, connection: connection.id, id };
    const found = await this.#parts.transactions.read('service', (tx) =>
      selectReconciliation(tx, name),
    );
    if (found === null) throw new DomainError('reconciliation.unknown');
    return found;
  }

  /** Who was found, in the order of their ids. */
  async people(
    connection: ConnectionName,
    id: ReconciliationId,
    page: { readonly after: string | null; readonly limit: number },
  ): Promise<readonly Finding[]> {
    const { organization } = await this.get(connection, id);
    return this.#parts.transactions.read('service', (tx) =>
      listFindings(tx, { organization, id }, page),
    );
  }

  async #compare(order: ReconciliationOrder): Promise<Reconciliation> {
    const { transactions, audit, comparison } = this.#parts;
    const id = newId<ReconciliationId>();
    const { organization } = order.operator;
    const found = await comparison.of(order.connection, id, order.roster());
    return transactions.run('service', async (tx) => {
      const made: Reconciliation = {
        ...{ id, organization, connection: order.connection.id, ...found },
        createdAt: await audit.now(tx),
        appliedAt: null,
        revoked: 0,
      };
      await insertReconciliation(tx, made);
      const detail = { ...detailOf(made), apply: order.apply !== null };
      const said = { action: 'roster.compared', outcome: 'success', detail } as const;
      await audit.append(tx, [entryFor(order, made.createdAt, said)]);
      return made;
    });
  }

  /** @throws DomainError after it stands in the audit log that nothing was done */
  async #judge(order: ReconciliationOrder, found: Reconciliation, maxShare: number): Promise<void> {
    const why = whyNotApply(found, maxShare);
    if (why === null) return;
    await this.#write(order, {
      action: 'roster.applied',
      outcome: 'refused',
      detail: { ...detailOf(found), code: why.code, max_share: maxShare },
    });
    throw why;
  }

  async #apply(
    order: ReconciliationOrder,
    found: Reconciliation,
    hold: boolean,
  ): Promise<Reconciliation> {
    const { transactions, deprovision, revokedAtOnce: limit = REVOKED_AT_ONCE } = this.#parts;
    for (let after: string | null = null; ;) {
      const page: readonly Finding[] = await transactions.read('service', (tx) =>
        listFindings(tx, found, { after, limit }),
      );
      if (page.length > 0)
        await deprovision.revokePeople(
          {
            ...order.operator,
            ...{ people: page.map(({ user }) => user), kind: 'admin', hold },
            reason: `reconciliation ${found.id}`,
          },
          async (tx, made) => {
            await markFindings(tx, found.id, made);
          },
        );
      if (page.length < limit) break;
      after = page.at(-1)?.user ?? null;
    }
    const revoked = found.withLiveTokens;
    const appliedAt = await this.#write(
      order,
      {
        action: 'roster.applied',
        outcome: 'success',
        detail: { ...detailOf(found), revoked, hold },
      },
      found.id,
    );
    return { ...found, appliedAt, revoked };
  }

  #write(
    order: ReconciliationOrder,
    said: Pick<AuditEntry, 'action' | 'outcome' | 'detail'>,
    finished: ReconciliationId | null = null,
  ): Promise<Date> {
    const { transactions, audit } = this.#parts;
    return transactions.run('service', async (tx) => {
      const at = await audit.now(tx);
      if (finished !== null) await finishReconciliation(tx, finished, at);
      await audit.append(tx, [entryFor(order, at, said)]);
      return at;
    });
  }
}
