import type { KeyObject } from 'node:crypto';
import type { AccessTokenClaims } from '../contract/access-token.js';
import { revokedBy, subjectsOf, untimely, type TokenSubjects } from '../contract/judge-claims.js';
import type { Policy } from '../contract/lease.js';
import type { TokenRules } from '../contract/read-claims.js';
import { readToken } from '../contract/read-token.js';
import type { Clock } from '../kernel/clock.js';
import { base64url } from './crypto/base64url.js';
import { isSignedBy, type IsSignedBy } from './crypto/public-keys.js';
import { unsure } from './doubts.js';
import type { ForeignJudgement, ForeignTokens } from './foreign/foreign-tokens.js';
import { stricter, trustIn, type Route, type Trust } from './policy.js';
import { SignatureCache, type KnownToken } from './token/signature-cache.js';
import type { Claims, Denial, Verdict } from './verdict.js';
import { Subject } from './view/subject.js';
import type { ReadableView } from './view/view.js';

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
  /** What the gateway has told the service; a route can only be stricter. */
  readonly policy: Policy;
  readonly clock: Clock;
  /** Tokens whose signature is remembered; 32,768 by default, one and a half kilobytes each. */
  readonly cacheSize?: number;
  /** Tokens of others; without it there are none but ours. */
  readonly foreign?: Pick<ForeignTokens, 'judge' | 'remembers'> | undefined;
  /** A token is used after it was revoked: the revocation bites, and somebody still holds the token. */
  readonly onUseAfterRevoke?: (use: UseAfterRevoke) => void;
  /** By what the signature of a token of ours is verified: node:crypto by default. */
  readonly isSignedBy?: IsSignedBy | undefined;
}

export interface UseAfterRevoke {
  readonly reason: Denial;
  readonly claims: Claims;
}

/**
 * What the service has said about a token; `none` when it could not be asked. `unasked`: nobody uses the token just
 * now, a stream that was opened with it is looked at.
 */
export type Word = 'active' | 'inactive' | 'none' | 'unasked';

export interface Guard {
  /** Synchronous, and never from memory: only good signatures are remembered, verdicts are not. */
  check(token: string, route?: Route): Verdict;
  /** The same, when the service has been asked. What the view knows against a token holds, whatever the word. */
  checkWith(word: Word, token: string, route?: Route): Verdict;
}

/** About what form and name of a token say it may be another issuer's. */
const NOT_OURS: ReadonlySet<Denial> = new Set([
  'token.malformed',
  'token.algorithm',
  'token.type',
  'token.header',
  'token.issuer',
]);

interface Question {
  readonly token: string;
  readonly route: Route | undefined;
  readonly word: Word | null;
  readonly nowMs: number;
}

const deny = (reason: Denial): Verdict => ({ kind: 'deny', reason });

export const createGuard = (parts: GuardParts): Guard => new ViewGuard(parts);

class ViewGuard implements Guard {
  readonly #parts: GuardParts;
  readonly #cache: SignatureCache;

  constructor(parts: GuardParts) {
    this.#parts = parts;
    this.#cache = new SignatureCache(parts.cacheSize ?? 32_768);
  }

  check(token: string, route?: Route): Verdict {
    return this.#decide(token, route, null);
  }

  checkWith(word: Word, token: string, route?: Route): Verdict {
    return this.#decide(token, route, word);
  }

  #decide(token: string, route: Route | undefined, word: Word | null): Verdict {
    const nowMs = this.#parts.clock.nowMs();
    const known = this.#remembered(token) ?? this.#meet(token, nowMs);
    if (typeof known === 'string') return deny(known);
    if (known === null) return unsure('key.unknown', { token, route, foreign: null });
    if ('kind' in known) return this.#decideForeign(known, { token, route, word, nowMs });
    const { claims } = known;
    const denial = this.#denialNow(claims, nowMs) ?? this.#revocation(known);
    if (denial !== null) return this.#refuse(denial, known, word === 'unasked');
    if (word === 'inactive') return this.#refuse('token.inactive', known, false);
    const alone = word === 'none' || word === 'unasked';
    const trust = this.#trust(nowMs, this.#policyFor(claims.pol, route), alone);
    if (trust === 'fresh' || word === 'active') return { kind: 'allow', claims, isStale: false };
    if (trust === 'tolerated') return { kind: 'allow', claims, isStale: true };
    return unsure(trust, { token, route, foreign: null });
  }

  #decideForeign(judged: ForeignJudgement, { token, route, word, nowMs }: Question): Verdict {
    switch (judged.kind) {
      case 'bad':
        return deny(judged.reason);
      case 'unknown-key':
        return unsure('key.unknown', { token, route, foreign: judged.registration });
      case 'revoked': {
        const { reason, claims } = judged;
        if (word !== 'unasked') this.#parts.onUseAfterRevoke?.({ reason, claims });
        return deny(reason);
      }
      case 'good': {
        const { claims, issuer } = judged;
        // The service cannot be asked about tokens of others: whatever its word is, the view is alone.
        const policy = this.#policyFor(issuer.policy ?? undefined, route);
        const trust = this.#trust(nowMs, policy, word !== null);
        if (trust === 'fresh') return { kind: 'allow-foreign', claims, isStale: false };
        if (trust === 'tolerated') return { kind: 'allow-foreign', claims, isStale: true };
        return unsure(trust, { token, route, foreign: issuer.id });
      }
    }
  }

  /** The strictest that anybody asks for: the gateway, the route, the token's organization. */
  #policyFor(pol: Policy | undefined, route: Route | undefined): Policy {
    const { policy } = this.#parts;
    const asked = route === undefined ? policy : stricter(policy, route.policy);
    return pol === undefined ? asked : stricter(asked, pol);
  }

  #trust(wallMs: number, policy: Policy, alone: boolean): Trust {
    const { clock, rules, view } = this.#parts;
    const freshness = view.freshness({ wallMs, monotonicMs: clock.monotonicMs() });
    return trustIn(freshness, policy, { stalenessMs: rules.stalenessMs, alone });
  }

  /** Only while the key that the token was verified with is still the one of its kid. */
  #remembered(token: string): KnownToken | undefined {
    const known = this.#cache.find(token);
    return known !== undefined && this.#parts.keys.find(known.kid) === known.key
      ? known
      : undefined;
  }

  /** A token that is not remembered as ours: somebody else's is asked about only then. */
  #meet(token: string, nowMs: number): KnownToken | Denial | null | ForeignJudgement {
    const { foreign, view, rules } = this.#parts;
    const now = { nowMs, skewMs: rules.skewMs };
    if (foreign?.remembers(token) === true) return foreign.judge(token, view, now);
    const ours = this.#verify(token, nowMs);
    if (foreign === undefined || typeof ours !== 'string' || !NOT_OURS.has(ours)) return ours;
    return foreign.judge(token, view, now) ?? ours;
  }

  /** Cheap refusals first: a signature costs 70 µs, all else one or two. Null when nobody knows the key. */
  #verify(token: string, nowMs: number): KnownToken | Denial | null {
    const read = readToken(token, this.#parts.rules, base64url);
    if (read.kind === 'deny') return read.reason;
    const { kid, claims, signed, signature } = read;
    if (this.#parts.view.isKidRevoked(kid)) return 'key.revoked';
    const key = this.#parts.keys.find(kid);
    if (key === undefined) return null;
    const early = this.#denialNow(claims, nowMs);
    if (early !== null) return early;
    const { isSignedBy: verifies = isSignedBy } = this.#parts;
    if (!verifies(key, Buffer.from(signed, 'latin1'), signature)) return 'token.signature';
    const known = { token, kid, key, claims, subjects: lookedFor(claims) };
    this.#cache.add(known);
    return known;
  }

  #denialNow(claims: AccessTokenClaims, nowMs: number): Denial | null {
    return untimely(claims, nowMs, this.#parts.rules.skewMs);
  }

  /** What the view knows holds however old it is: generations only rise. */
  #revocation({ kid, claims, subjects }: KnownToken): Denial | null {
    const { view } = this.#parts;
    return view.isKidRevoked(kid) ? 'key.revoked' : revokedBy(subjects, claims.gen, view);
  }

  #refuse(reason: Denial, { token, claims }: KnownToken, isSilent: boolean): Verdict {
    if (reason === 'token.expired') this.#cache.drop(token);
    else if (reason !== 'token.not_yet' && !isSilent)
      this.#parts.onUseAfterRevoke?.({ reason, claims });
    return deny(reason);
  }
}

function lookedFor(claims: AccessTokenClaims): TokenSubjects<Subject> {
  const { org, user, device, family } = subjectsOf(claims);
  return {
    org: new Subject(org),
    user: user === null ? null : new Subject(user),
    device: new Subject(device),
    family: new Subject(family),
  };
}
