import { canonicalBytes } from '../contract/bytes.js';
import type { Hash } from '../contract/crypto-types.js';
import type { Alongside, Deprovision, Operator } from '../deprovision/index.js';
import { DomainError, type ErrorCode } from '../kernel/domain-error.js';
import { readId, type ApiKeyId, type CaseId } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import {
  insertIdempotencyKey,
  selectIdempotencyKey,
  type FirstRequest,
  type KeyedRequest,
} from './postgres/idempotency-keys.js';
import type { REVOCABLE } from './wire/revocable.js';

export interface Revocation {
  readonly scope: (typeof REVOCABLE)[number];
  readonly id: string;
  readonly reason: string;
  readonly hold: boolean;
  readonly kind: 'admin' | 'incident';
}

const UNKNOWN = {
  org: 'organization.unknown',
  user: 'user.unknown',
  device: 'device.unknown',
  family: 'family.unknown',
  api_key: 'api_key.unknown',
} as const satisfies Record<Revocation['scope'], ErrorCode>;

/** The key has been used between our looking and our writing. */
class Raced extends Error {}

/** Revocations by an operator's hand. A request that is sent again with its key is done once. */
export class Revocations {
  readonly #deprovision: Deprovision;
  readonly #transactions: Transactions;
  readonly #hash: Hash;

  constructor(deprovision: Deprovision, transactions: Transactions, hash: Hash) {
    this.#deprovision = deprovision;
    this.#transactions = transactions;
    this.#hash = hash;
  }

  /**
   * @returns the case, committed; the first one when the same request comes again
   * @throws DomainError `….unknown` for the subject; `request.idempotency_conflict` when the key stands for another
   *   request; `store.unavailable`
   */
  async order(operator: Operator, revocation: Revocation, key: string | null): Promise<CaseId> {
    // What has no way back needs no hold, and nobody could lift it.
    if (revocation.hold && (revocation.scope === 'family' || revocation.scope === 'api_key'))
      throw new DomainError('request.invalid_value', 'hold: for org, user and device only');
    const keyed = key === null ? null : this.#keyed(operator, revocation, key);
    if (keyed === null) return this.#revoke(operator, revocation);
    const first = await this.#first(keyed);
    if (first !== null) return firstAnswer(first, keyed);
    try {
      return await this.#revoke(operator, revocation, async (tx, made) => {
        // Waits for whoever is using the same key at this moment; if they commit, we do nothing.
        if (!(await insertIdempotencyKey(tx, keyed, made))) throw new Raced();
      });
    } catch (error) {
      if (!(error instanceof Raced)) throw error;
      const winner = await this.#first(keyed);
      if (winner === null) throw new DomainError('store.unavailable', 'try again');
      return firstAnswer(winner, keyed);
    }
  }

  async #revoke(
    operator: Operator,
    revocation: Revocation,
    alongside?: Alongside,
  ): Promise<CaseId> {
    const { scope, reason, hold, kind } = revocation;
    const id = readId<ApiKeyId>(revocation.id);
    if (id === null) throw new DomainError(UNKNOWN[scope]);
    const made =
      scope === 'api_key'
        ? await this.#deprovision.revokeApiKey(operator, { key: id, reason }, alongside)
        : await this.#deprovision.revokeSubject(
            { ...operator, scope, id, kind, reason, hold },
            alongside,
          );
    if (made === null) throw new DomainError(UNKNOWN[scope]);
    return made;
  }

  #first(keyed: KeyedRequest): Promise<FirstRequest | null> {
    return this.#transactions.read('deprovision', (tx) => selectIdempotencyKey(tx, keyed));
  }

  #keyed({ organization }: Operator, revocation: Revocation, key: string): KeyedRequest {
    const digest = this.#hash(canonicalBytes(revocation));
    return { scope: `revocations:${organization}`, key, digest };
  }
}

function firstAnswer(first: FirstRequest, { digest }: KeyedRequest): CaseId {
  if (Buffer.compare(first.request_digest, digest) !== 0)
    throw new DomainError(
      'request.idempotency_conflict',
      'Idempotency-Key: it stands for another request',
    );
  return first.case_id;
}
