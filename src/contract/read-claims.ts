import type { AccessTokenClaims, Generations } from './access-token.js';
import { POLICIES, type Policy } from './lease.js';

/** Which rule a text breaks as an access token of ours. */
export type TokenDenial =
  | 'token.malformed'
  | 'token.header'
  | 'token.algorithm'
  | 'token.type'
  | 'token.issuer'
  | 'token.audience'
  | 'token.claims'
  | 'token.generations'
  | 'token.lifetime'
  | 'token.not_yet';

/** What the installation's tokens must say; it comes with the lease. */
export interface TokenRules {
  readonly issuer: string;
  readonly audience: string;
  /** Longest lifetime, seconds. */
  readonly maxTtlS: number;
}

type Json = Readonly<Record<string, unknown>>;

// Lower case only: it is how records name their subjects, and another spelling would find no revocation.
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** RFC 6749 §3.3; also what may stand in a response header. */
const SCOPE = /^(?:[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*)?$/;

const isId = (value: unknown): value is string => typeof value === 'string' && ID.test(value);
const isSeconds = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isGeneration = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** All four scopes, as own members: a missing one would pass for a generation that nothing can revoke. */
function readGenerations(value: unknown): Generations | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const { o, u, d, f } = value as Partial<Record<keyof Generations, unknown>>;
  return isGeneration(o) && isGeneration(u) && isGeneration(d) && isGeneration(f)
    ? Object.freeze({ o, u, d, f })
    : null;
}

/** A policy that we do not know comes from a newer service, and asks for something stricter than nothing. */
const readPolicy = (value: unknown): Policy =>
  POLICIES.find((known) => known === value) ?? 'strict';

/** The claims of an access token (RFC 9068 §2.2), or the first rule that they break. Times are not compared here. */
export function readClaims(payload: Json, rules: TokenRules): AccessTokenClaims | TokenDenial {
  const { iss, aud, sub, client_id: client, did, org, fam, jti, scope } = payload;
  const { iat, exp, nbf } = payload;
  if (iss !== rules.issuer) return 'token.issuer';
  if (aud !== rules.audience) return 'token.audience';
  if (!isId(sub) || !isId(did) || !isId(org) || !isId(fam) || client !== did) return 'token.claims';
  if (typeof jti !== 'string' || jti === '') return 'token.claims';
  if (typeof scope !== 'string' || !SCOPE.test(scope)) return 'token.claims';
  if (!isSeconds(iat) || !isSeconds(exp)) return 'token.claims';
  // Ours carry no nbf; one that somebody signs with our key can only make the token start later.
  if (nbf !== undefined && !(isSeconds(nbf) && nbf <= iat)) return 'token.not_yet';
  if (exp <= iat || exp - iat > rules.maxTtlS) return 'token.lifetime';
  const gen = readGenerations(payload['gen']);
  if (gen === null) return 'token.generations';
  // Without an owner the device stands in the owner's place, and there is no user's generation to compare.
  if (sub === did && gen.u !== 0) return 'token.generations';
  const claims = { iss, aud, sub, client_id: did, did, org, fam, jti, iat, exp, scope, gen };
  const { pol } = payload;
  return Object.freeze(pol === undefined ? claims : { ...claims, pol: readPolicy(pol) });
}
