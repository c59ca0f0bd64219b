import { entryOf, type AuditLog, type LogId } from '../audit/index.js';
import type { ErrorCode } from '../kernel/domain-error.js';
import { newId, type OrganizationId } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import { askingOf, type Principal } from './principal.js';

/** Somebody whose key is good wanted what it does not open. */
export interface RefusedRequest {
  readonly principal: Principal;
  readonly code: ErrorCode;
  /** `METHOD /path/:pattern`. */
  readonly route: string;
  /** The organization that was named; null when the path names none. */
  readonly organization: OrganizationId | null;
  readonly requestId: string;
}

/** Writes down who was refused what, in the log of those whose key it was. */
export class RefusedRequests {
  readonly #transactions: Transactions;
  readonly #audit: AuditLog;
  readonly #installation: LogId;

  constructor(transactions: Transactions, audit: AuditLog, installation: LogId) {
    this.#transactions = transactions;
    this.#audit = audit;
    this.#installation = installation;
  }

  /** @throws DomainError `store.unavailable`: what cannot be recorded is not even refused */
  async record({ principal, code, route, organization, requestId }: RefusedRequest): Promise<void> {
    const { actor } = askingOf(principal, requestId);
    await this.#transactions.run('service', async (tx) => {
      const at = await this.#audit.now(tx);
      await this.#audit.append(tx, [
        entryOf({
          id: newId(),
          org: principal.organization ?? this.#installation,
          at: at.toISOString(),
          action: 'request.refused',
          outcome: 'refused',
          actor,
          subject: organization === null ? null : { type: 'organization', id: organization },
          request_id: requestId,
          detail: { code, route, role: principal.role },
        }),
      ]);
    });
  }
}
