import { entryOf, type AuditLog } from '../audit/index.js';
import type { Origin } from '../deprovision/index.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type EntryId } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';

/** Every change that an authenticated IdP asked for and did not get stands in the audit log (P9). */
export class RefusedChanges {
  readonly #transactions: Transactions;
  readonly #log: AuditLog;

  constructor(transactions: Transactions, log: AuditLog) {
    this.#transactions = transactions;
    this.#log = log;
  }

  /**
   * Runs `work`; its refusal goes on to the caller once it has been recorded. If it cannot be recorded, the
   * caller gets that trouble instead: a 5xx, so that the IdP asks again.
   */
  async recorded<T>(origin: Origin, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof DomainError && error.sort !== 'unavailable')
        await this.#record(origin, error);
      throw error;
    }
  }

  #record(origin: Origin, error: DomainError): Promise<void> {
    return this.#transactions.run('service', async (tx) => {
      const entry = entryOf({
        id: newId<EntryId>(),
        org: origin.organization,
        at: (await this.#log.now(tx)).toISOString(),
        action: 'request.refused',
        outcome: 'refused',
        actor: { type: 'connection', id: origin.connection },
        connection: origin.connection,
        request_id: origin.requestId,
        detail: { code: error.code },
      });
      await this.#log.append(tx, [entry]);
    });
  }
}
