import type { KeyObject } from 'node:crypto';
import type { AccessTokenClaims } from '../contract/access-token.js';
import { revokedBy, untimely } from '../contract/judge-claims.js';
import type { Policy } from '../contract/lease.js';
import type { TokenRules } from '../contract/read-claims.js';
import { readToken } from '../contract/read-token.js';
import type { Clock } from '../kernel/clock.js';
import { base64url } from './crypto/base64url.js';
import { isSignedBy } from './crypto/public-keys.js';
import { trustIn } from './policy.js';
import { SignatureCache, type KnownToken } from './token/signature-cache.js';
import type { Denial, Doubt, Verdict } from './verdict.js';
import type { ReadableView } from './view/view.js';

export interface Route {
  readonly policy: Policy;
}

export interface GuardRules extends TokenRules {
  /** S, milliseconds. */
  readonly stalenessMs: number;
  readonly skewMs: number;
}

export interface GuardParts {
  readonly view: ReadableView;
  /** The pinned JWKS: nothing in a token can add to it. */
  readonly keys: { find(kid: string): KeyObject | undefined };
  readonly rules: GuardRules;
  /** Where a route names none. */
  readonly policy: Policy;
  readonly clock: Clock;
  /** Tokens whose signature is remembered; 32,768 by default, a kilobyte each. */
  readonly cacheSize?: number;
  /** A token is used after it was revoked: the revocation bites, and somebody still holds the token. */
  readonly onUseAfterRevoke?: (use: UseAfterRevoke) => void;
}

export interface UseAfterRevoke {
  readonly reason: Denial;
  readonly claims: AccessTokenClaims;
}

export interface Guard {
  /** Synchronous, and never from memory: only good signatures are remembered, verdicts are not. */
  check(token: string, route?: Route): Verdict;
}

const deny = (reason: Denial): Verdict => ({ kind: 'deny', reason });
const unsure = (reason: Doubt): Verdict => ({ kind: 'unsure', reason });

export const createGuard = (parts: GuardParts): Guard => new ViewGuard(parts);

class ViewGuard implements Guard {
  readonly #parts: GuardParts;
  readonly #cache: SignatureCache;

  constructor(parts: GuardParts) {
    this.#parts = parts;
    this.#cache = new SignatureCache(parts.cacheSize ?? 32_768);
  }

  check(token: string, route?: Route): Verdict {
    const remembered = this.#remembered(token);
    const nowMs = this.#parts.clock.now().getTime();
    const known = remembered ?? this.#verify(token, nowMs);
    if ('kind' in known) return known;
    const denial = this.#denialNow(known.claims, nowMs) ?? this.#revocation(known);
    if (denial !== null) return this.#refuse(denial, known);
    const { clock, rules, view, policy } = this.#parts;
    const freshness = view.freshness({ wallMs: nowMs, monotonicMs: clock.monotonicMs() });
    const trust = trustIn(freshness, route?.policy ?? policy, rules.stalenessMs);
    if (trust !== 'fresh' && trust !== 'tolerated') return unsure(trust);
    return { kind: 'allow', claims: known.claims, isStale: trust === 'tolerated' };
  }

  /** Only while the key that the token was verified with is still the one of its kid. */
  #remembered(token: string): KnownToken | undefined {
    const known = this.#cache.find(token);
    return known !== undefined && this.#parts.keys.find(known.kid) === known.key
      ? known
      : undefined;
  }

  /** Cheap refusals first: a signature costs 70 µs, all else one or two. */
  #verify(token: string, nowMs: number): KnownToken | Verdict {
    const read = readToken(token, this.#parts.rules, base64url);
    if (read.kind === 'deny') return read;
    const { kid, claims, signed, signature } = read;
    if (this.#parts.view.isKidRevoked(kid)) return deny('key.revoked');
    const key = this.#parts.keys.find(kid);
    if (key === undefined) return unsure('key.unknown');
    const early = this.#denialNow(claims, nowMs);
    if (early !== null) return deny(early);
    if (!isSignedBy(key, Buffer.from(signed, 'latin1'), signature)) return deny('token.signature');
    const known = { token, kid, key, claims };
    this.#cache.add(known);
    return known;
  }

  #denialNow(claims: AccessTokenClaims, nowMs: number): Denial | null {
    return untimely(claims, nowMs, this.#parts.rules.skewMs);
  }

  /** What the view knows holds however old it is: generations only rise. */
  #revocation({ kid, claims }: KnownToken): Denial | null {
    const { view } = this.#parts;
    return view.isKidRevoked(kid) ? 'key.revoked' : revokedBy(claims, view);
  }

  #refuse(reason: Denial, { token, claims }: KnownToken): Verdict {
    if (reason === 'token.expired') this.#cache.drop(token);
    else if (reason !== 'token.not_yet') this.#parts.onUseAfterRevoke?.({ reason, claims });
    return deny(reason);
  }
}
