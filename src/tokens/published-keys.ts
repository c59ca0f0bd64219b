import type { Jwks } from '../contract/lease.js';
import type { Transactions } from '../kernel/tx.js';
import type { RevokedKids } from '../outbox/index.js';
import type { TokenKeys } from '../platform/crypto/key-ring.js';
import type { Log } from '../platform/log/log.js';

/** The public halves of the keys that verify access tokens: what has been revoked is not among them. */
export class PublishedKeys {
  readonly #keys: TokenKeys;
  readonly #kids: RevokedKids;
  readonly #transactions: Transactions;
  readonly #log: Log;
  #asking: Promise<readonly string[]> | null = null;

  constructor(parts: {
    readonly keys: TokenKeys;
    readonly kids: RevokedKids;
    readonly transactions: Transactions;
    readonly log: Log;
  }) {
    this.#keys = parts.keys;
    this.#kids = parts.kids;
    this.#transactions = parts.transactions;
    this.#log = parts.log;
  }

  /** @throws DomainError `store.unavailable`: a key that may be revoked is not handed out on a guess */
  async jwks(): Promise<Jwks> {
    const revoked = await this.#revoked();
    return { keys: this.#keys.publicJwks.keys.filter(({ kid }) => !revoked.includes(kid)) };
  }

  /**
   * Alarms when nothing can be signed. The service starts all the same: deprovisions must go on, and they need no
   * token key.
   */
  async check(): Promise<void> {
    if (this.#keys.signingKeyExcept(await this.#revoked()) === null)
      this.#log.alarm('token_keys_revoked', 'no access token can be signed');
  }

  // Anybody may ask, without a credential: however many do, one statement at a time is under way for them.
  #revoked(): Promise<readonly string[]> {
    this.#asking ??= this.#transactions
      .read('service', (tx) => this.#kids.list(tx))
      .finally(() => {
        this.#asking = null;
      });
    return this.#asking;
  }
}
