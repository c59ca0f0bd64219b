import type { KeyObject } from 'node:crypto';
import { foreignSubject } from '../../contract/foreign-subject.js';
import { untimely } from '../../contract/judge-claims.js';
import type { ForeignIssuer, Lease } from '../../contract/lease.js';
import type { ForeignAlgorithm } from '../../contract/read-foreign-jwks.js';
import { readForeignToken, type ForeignClaims } from '../../contract/read-foreign-token.js';
import { base64url } from '../crypto/base64url.js';
import { sha256 } from '../crypto/digest.js';
import { isSignedAs } from '../crypto/foreign-keys.js';
import { SignatureCache } from '../token/signature-cache.js';
import type { Denial } from '../verdict.js';
import type { ReadableView } from '../view/view.js';
import { IssuerKeys, type IssuerKeysParts, type KeptIssuer } from './issuer-keys.js';

/** What has been revoked of foreign subjects. */
type ForeignMinimums = Pick<ReadableView, 'notBefore'>;

export interface ForeignTokensParts extends IssuerKeysParts {
  /** Tokens whose signature is remembered. */
  readonly cacheSize?: number;
}

interface Registration {
  readonly issuer: ForeignIssuer;
  /** Names everybody of the issuer in records. */
  readonly everybody: string;
  readonly keys: IssuerKeys;
}

interface KnownForeign {
  readonly token: string;
  readonly registration: Registration;
  readonly algorithm: ForeignAlgorithm;
  readonly kid: string;
  readonly key: KeyObject;
  readonly claims: ForeignClaims;
  readonly startsAt: number;
}

export type ForeignJudgement =
  | { readonly kind: 'good'; readonly claims: ForeignClaims; readonly issuer: ForeignIssuer }
  | { readonly kind: 'bad'; readonly reason: Denial }
  | { readonly kind: 'revoked'; readonly reason: Denial; readonly claims: ForeignClaims }
  /** Signed with a key that its issuer has not shown us yet. */
  | { readonly kind: 'unknown-key'; readonly registration: string };

const bad = (reason: Denial): ForeignJudgement => ({ kind: 'bad', reason });

/** Tokens of issuers that the installation has registered. Like our own: signatures are remembered, verdicts never. */
export class ForeignTokens {
  readonly #parts: ForeignTokensParts;
  readonly #cache: SignatureCache<KnownForeign>;
  #byId = new Map<string, Registration>();
  #byIssuer = new Map<string, ForeignIssuer[]>();

  constructor(parts: ForeignTokensParts) {
    this.#parts = parts;
    this.#cache = new SignatureCache(parts.cacheSize ?? 32_768);
  }

  /** What the lease says now. A registration that it does not name any more is forgotten with its keys. */
  learn({ issuer: ours, foreign_issuers: issuers = [] }: Lease): void {
    const before = this.#byId;
    this.#byId = new Map();
    this.#byIssuer = new Map();
    for (const issuer of issuers) {
      // Nobody else speaks in our name.
      if (issuer.issuer === ours) continue;
      const same = before.get(issuer.id);
      const registration =
        same !== undefined && JSON.stringify(same.issuer) === JSON.stringify(issuer)
          ? same
          : this.#register(issuer);
      this.#byId.set(issuer.id, registration);
      const others = this.#byIssuer.get(issuer.issuer) ?? [];
      this.#byIssuer.set(issuer.issuer, [...others, registration.issuer]);
      if (registration.keys.isOld) void registration.keys.refresh();
    }
  }

  /** What a later process may begin with. */
  keep(): readonly KeptIssuer[] {
    return [...this.#byId.values()].flatMap(({ keys }) => keys.keep() ?? []);
  }

  /** What a process before this one knew of issuers that are registered as they were. */
  restore(kept: readonly KeptIssuer[]): void {
    for (const one of kept) this.#byId.get(one.issuer.id)?.keys.restore(one);
  }

  /** Asks an issuer for its keys again; see {@link IssuerKeys.refresh}. */
  async refreshKeys(registration: string): Promise<boolean> {
    return (await this.#byId.get(registration)?.keys.refresh()) ?? false;
  }

  /** Whether its signature has been found good. */
  remembers(token: string): boolean {
    return this.#remembered(token) !== undefined;
  }

  /** Null when the token is nobody's whom we know. */
  judge(
    token: string,
    view: ForeignMinimums,
    { nowMs, skewMs }: { readonly nowMs: number; readonly skewMs: number },
  ): ForeignJudgement | null {
    const known = this.#remembered(token) ?? this.#verify(token, { nowMs, skewMs });
    if (known === null || 'kind' in known) return known;
    const { claims, registration, startsAt } = known;
    const early = untimely({ iat: startsAt, exp: claims.exp }, nowMs, skewMs);
    if (early !== null) {
      if (early === 'token.expired') this.#cache.drop(token);
      return bad(early);
    }
    const reason = revokedBy(claims, registration, view);
    if (reason !== null) return { kind: 'revoked', reason, claims };
    return { kind: 'good', claims, issuer: registration.issuer };
  }

  #register(issuer: ForeignIssuer): Registration {
    const everybody = foreignSubject(issuer.issuer, '', sha256);
    return { issuer, everybody, keys: new IssuerKeys(issuer, this.#parts) };
  }

  /** Only while its issuer is registered as it was, and has the key that the token was verified with. */
  #remembered(token: string): KnownForeign | undefined {
    const known = this.#cache.find(token);
    if (known === undefined) return undefined;
    const { registration, algorithm, kid, key } = known;
    if (this.#byId.get(registration.issuer.id) !== registration) return undefined;
    return registration.keys.find(algorithm, kid) === key ? known : undefined;
  }

  #verify(
    token: string,
    { nowMs, skewMs }: { readonly nowMs: number; readonly skewMs: number },
  ): KnownForeign | ForeignJudgement | null {
    const issuers = (iss: string): readonly ForeignIssuer[] => this.#byIssuer.get(iss) ?? [];
    const read = readForeignToken(token, { issuers, base64url, hash: sha256 });
    if (read === null) return null;
    if (read.kind === 'deny') return bad(read.reason);
    const { algorithm, kid, claims, startsAt, signed, signature } = read;
    const registration = this.#byId.get(read.issuer.id);
    if (registration === undefined) return null;
    const key = registration.keys.find(algorithm, kid);
    if (key === undefined) return { kind: 'unknown-key', registration: read.issuer.id };
    const early = untimely({ iat: startsAt, exp: claims.exp }, nowMs, skewMs);
    if (early !== null) return bad(early);
    if (!isSignedAs(algorithm, key, Buffer.from(signed, 'latin1'), signature))
      return bad('token.signature');
    const known = { token, registration, algorithm, kid, key, claims, startsAt };
    this.#cache.add(known);
    return known;
  }
}

/**
 * Whole seconds, on the safe side: what was issued in the second of the revocation is refused, whether it came before
 * it or after it.
 */
function revokedBy(
  { org, iat, subject }: ForeignClaims,
  { issuer, everybody }: Registration,
  view: ForeignMinimums,
): 'revoked.issuer' | 'revoked.ext' | null {
  const at = Math.floor(iat);
  if (at <= Math.max(issuer.not_before, view.notBefore(org, everybody))) return 'revoked.issuer';
  return at <= view.notBefore(org, subject) ? 'revoked.ext' : null;
}
