import { entryOf, type AuditLog } from '../audit/index.js';
import type { Origin } from '../deprovision/index.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type EntryId } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import type { Log } from '../platform/log/log.js';

/** Every change that an authenticated IdP asked for and did not get stands in the audit log (P9). */
export class RefusedChanges {
  readonly #transactions: Transactions;
  readonly #audit: AuditLog;
  readonly #log: Log;

  constructor(parts: {
    readonly transactions: Transactions;
    readonly audit: AuditLog;
    readonly log: Log;
  }) {
    this.#transactions = parts.transactions;
    this.#audit = parts.audit;
    this.#log = parts.log;
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

  async #record(origin: Origin, error: DomainError): Promise<void> {
    const { organization, connection, requestId } = origin;
    // An IdP that says something of `active` which we do not understand may be saying that somebody is gone.
    if (error.code === 'scim.active_unreadable')
      this.#log.alarm('active_unreadable', 'an IdP said of active what we cannot read', {
        organization,
        connection,
        request_id: requestId,
      });
    await this.#transactions.run('service', async (tx) => {
      const entry = entryOf({
        id: newId<EntryId>(),
        org: organization,
        at: (await this.#audit.now(tx)).toISOString(),
        action: 'request.refused',
        outcome: 'refused',
        actor: { type: 'connection', id: connection },
        connection,
        request_id: requestId,
        detail: { code: error.code },
      });
      await this.#audit.append(tx, [entry]);
    });
  }
}
