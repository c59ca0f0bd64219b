import { entryOf, type Actor, type AuditLog, type Refusals, type Subject } from '../audit/index.js';
import { DomainError, type ErrorSort } from '../kernel/domain-error.js';
import { newId, type EntryId, type OrganizationId } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';

/** What somebody with a credential wanted, and did not get. */
export interface Deed {
  readonly name: 'token.issue' | 'token.redeem' | 'token.refresh' | 'token.revoke';
  readonly organization: OrganizationId;
  readonly actor: Actor;
  readonly subject: Subject | null;
  readonly requestId: string;
}

/** Sorts of no that are worth an entry of their own. */
const RECORDED: readonly ErrorSort[] = ['forbidden', 'conflict', 'unknown'];

/** Writes down who was refused what. The deed itself has left nothing behind: its transaction was rolled back. */
export class RefusedDeeds {
  readonly #transactions: Transactions;
  readonly #audit: AuditLog;
  readonly #refusals: Refusals;

  constructor(parts: {
    readonly transactions: Transactions;
    readonly audit: AuditLog;
    readonly refusals: Refusals;
  }) {
    this.#transactions = parts.transactions;
    this.#audit = parts.audit;
    this.#refusals = parts.refusals;
  }

  /** Runs the deed. When it is refused, that is recorded before the refusal goes on to the caller. */
  async watch<T>(deed: Deed, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof DomainError) await this.#record(deed, error);
      throw error;
    }
  }

  async #record(deed: Deed, { code, sort }: DomainError): Promise<void> {
    // Whoever holds a dead secret may show it for ever: that is counted, not written down one by one.
    if (sort === 'unauthenticated')
      this.#refusals.count({
        log: deed.organization,
        connection: null,
        door: 'device-auth',
        reason: code,
      });
    if (!RECORDED.includes(sort)) return;
    await this.#transactions.run('service', async (tx) => {
      const at = await this.#audit.now(tx);
      await this.#audit.append(tx, [
        entryOf({
          id: newId<EntryId>(),
          org: deed.organization,
          at: at.toISOString(),
          action: 'request.refused',
          outcome: 'refused',
          actor: deed.actor,
          subject: deed.subject,
          request_id: deed.requestId,
          detail: { deed: deed.name, code },
        }),
      ]);
    });
  }
}
