import type { Jwks } from '../contract/lease.js';
import { DomainError } from '../kernel/domain-error.js';
import type { Transactions } from '../kernel/tx.js';
import { PROBE_MS, within } from '../kernel/within.js';
import type { RevokedKids } from '../outbox/index.js';
import type { TokenKeys } from '../platform/crypto/key-ring.js';
import type { Log } from '../platform/log/log.js';

/** The public halves of the keys that verify access tokens: what has been revoked is not among them. */
export class PublishedKeys {
  readonly #keys: TokenKeys;
  readonly #kids: RevokedKids;
  readonly #transactions: Transactions;
  readonly #log: Log;
  #asking: Promise<void> | null = null;
  /** As they were last read. Nothing ever leaves the list. */
  #revoked: readonly string[] = [];

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

  /**
   * Without PostgreSQL they are as they were known last: gateways that start then need them, and what was revoked
   * meanwhile is denied by its record.
   */
  async jwks(): Promise<Jwks> {
    try {
      await within(PROBE_MS, this.#read());
    } catch (error) {
      if (!(error instanceof DomainError && error.sort === 'unavailable')) throw error;
    }
    return { keys: this.#keys.publicJwks.keys.filter(({ kid }) => !this.#revoked.includes(kid)) };
  }

  /**
   * Before the first answer. Alarms when nothing can be signed; the service starts all the same: deprovisions must go
   * on, and they need no token key.
   */
  async check(): Promise<void> {
    await this.#read();
    if (this.#keys.signingKeyExcept(this.#revoked) === null)
      this.#log.alarm('token_keys_revoked', 'no access token can be signed');
  }

  // Anybody may ask, without a credential: however many do, one statement at a time is under way for them.
  #read(): Promise<void> {
    this.#asking ??= this.#transactions
      .read('service', (tx) => this.#kids.list(tx))
      .then((revoked) => {
        this.#revoked = revoked;
      })
      .finally(() => {
        this.#asking = null;
      });
    return this.#asking;
  }
}
