import type { Refusals } from '../../audit/index.js';
import { MAX_ACCESS_TTL_S, type AccessTokenClaims } from '../../contract/access-token.js';
import { revokedBy, subjectsOf, untimely } from '../../contract/judge-claims.js';
import type { TokenRules } from '../../contract/read-claims.js';
import { readToken } from '../../contract/read-token.js';
import { DomainError, type ErrorCode } from '../../kernel/domain-error.js';
import type { Id } from '../../kernel/ids.js';
import type { Transactions } from '../../kernel/tx.js';
import type { Gateways } from '../../outbox/index.js';
import { base64url } from '../../platform/crypto/base64url.js';
import type { TokenKeys } from '../../platform/crypto/key-ring.js';
import { bearerOf } from '../../platform/http/bearer.js';
import { readMinimums } from '../postgres/read-minimums.js';

export interface IntrospectionParts {
  readonly transactions: Transactions;
  readonly gateways: Gateways;
  readonly refusals: Refusals;
  readonly keys: TokenKeys;
  readonly installation: Id<'installation'>;
  readonly rules: Omit<TokenRules, 'maxTtlS'>;
  /** Questions at once; 32 by default. */
  readonly capacity?: number;
}

/** RFC 7662 §2.2. A token that may not be used gets no further word. */
export type Introspected =
  | { readonly active: false }
  | ({ readonly active: true; readonly token_type: 'Bearer' } & AccessTokenClaims);

/** Behind four connections that is a wait of some milliseconds; whoever comes on top of that hears so at once. */
const CAPACITY = 32;
/** Somebody's request waits at a gateway. */
const ANSWER_MS = 2_000;
const SKEW_MS = 1_000;
const INACTIVE: Introspected = { active: false };

/**
 * Decides about an access token as a guard with perfect knowledge would: by the same rules, and by the primary's
 * generations. Holds do not matter to what has been issued. It has connections of its own, and the first load that
 * the service refuses is this one: a gateway can wait for its next watermark, a deprovision cannot wait at all.
 */
export class Introspection {
  readonly #parts: IntrospectionParts;
  readonly #rules: TokenRules;
  #underWay = 0;

  constructor(parts: IntrospectionParts) {
    this.#parts = parts;
    this.#rules = { ...parts.rules, maxTtlS: MAX_ACCESS_TTL_S };
  }

  /**
   * @param authorization the gateway's `Authorization` header
   * @throws DomainError `credential.missing`, `credential.invalid`, `service.overloaded`, `store.unavailable`
   */
  async answer(authorization: string | undefined, readsToken: () => string): Promise<Introspected> {
    if (this.#underWay >= (this.#parts.capacity ?? CAPACITY))
      throw new DomainError('service.overloaded', 'too many introspections are under way');
    this.#underWay += 1;
    // Whoever waits hears in time that there is no answer; the place stays taken until there is one.
    const decided = this.#decide(authorization, readsToken).finally(() => {
      this.#underWay -= 1;
    });
    return inTime(decided);
  }

  async #decide(
    authorization: string | undefined,
    readsToken: () => string,
  ): Promise<Introspected> {
    await this.#authenticate(authorization);
    return this.#introspect(readsToken());
  }

  async #authenticate(authorization: string | undefined): Promise<void> {
    if (authorization === undefined) throw this.#refusal('credential.missing');
    const credential = bearerOf(authorization) ?? '';
    const gateway = await this.#parts.gateways.authenticate(credential, 'introspection');
    if (gateway === null) throw this.#refusal('credential.invalid');
  }

  async #introspect(token: string): Promise<Introspected> {
    const { transactions, keys } = this.#parts;
    const read = readToken(token, this.#rules, base64url);
    if (read.kind === 'deny') return INACTIVE;
    const { kid, claims, signed, signature } = read;
    if (!keys.verify(kid, Buffer.from(signed, 'latin1'), signature)) return INACTIVE;
    const known = await transactions.read('introspection', (tx) => readMinimums(tx, kid, claims));
    const isActive =
      !known.isKidRevoked &&
      untimely(claims, known.at.getTime(), SKEW_MS) === null &&
      revokedBy(subjectsOf(claims), claims.gen, known) === null;
    return isActive ? { active: true, token_type: 'Bearer', ...claims } : INACTIVE;
  }

  #refusal(reason: ErrorCode): DomainError {
    const { refusals, installation } = this.#parts;
    refusals.count({ log: installation, connection: null, door: 'gateways', reason });
    return new DomainError(reason);
  }
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new DomainError('store.unavailable', 'the database did not answer in time'));
    }, ANSWER_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
