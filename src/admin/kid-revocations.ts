import type { CaseView } from '../cases/index.js';
import type { Asking } from '../directory/index.js';
import { DomainError } from '../kernel/domain-error.js';
import type { Transactions } from '../kernel/tx.js';
import type { RevokedKids } from '../outbox/index.js';
import type { CaseViews } from './case-views.js';

/** Revoking the keys that sign access tokens. */
export class KidRevocations {
  readonly #kids: RevokedKids;
  readonly #known: ReadonlySet<string>;
  readonly #transactions: Transactions;
  readonly #views: CaseViews;

  constructor(parts: {
    readonly kids: RevokedKids;
    /** The ids of the keys in our set. */
    readonly known: readonly string[];
    readonly transactions: Transactions;
    readonly views: CaseViews;
  }) {
    this.#kids = parts.kids;
    this.#known = new Set(parts.known);
    this.#transactions = parts.transactions;
    this.#views = parts.views;
  }

  /**
   * Asked again for the same key, it answers with the first case, also when the key has left our set meanwhile.
   *
   * @throws DomainError `kid.unknown`
   */
  async order(
    request: { readonly kid: string; readonly reason: string; readonly receivedAt: Date },
    asking: Asking,
  ): Promise<CaseView> {
    if (!this.#known.has(request.kid) && !(await this.#isRevoked(request.kid)))
      throw new DomainError('kid.unknown', 'no key of ours has this id');
    const made = await this.#kids.revoke(request, asking);
    return this.#views.get(null, made.id);
  }

  async #isRevoked(kid: string): Promise<boolean> {
    const revoked = await this.#transactions.read('deprovision', (tx) => this.#kids.list(tx));
    return revoked.includes(kid);
  }
}
