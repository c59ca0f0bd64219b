import type { Policy } from './lease.js';

/** The claims of our access token (RFC 9068, `typ: at+jwt`, EdDSA). Times are unix seconds. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly aud: string;
  /** The user, or the device when nobody owns the token. */
  readonly sub: string;
  /** The same as `did` (RFC 9068 §2.2). */
  readonly client_id: string;
  readonly did: string;
  readonly org: string;
  readonly fam: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly scope: string;
  /** The generations at issue; `u` is 0 in a token without an owner. */
  readonly gen: Generations;
  /** The least strict policy that the organization allows; absent when it leaves that to the gateways. */
  readonly pol?: Policy;
}

export interface Generations {
  readonly o: number;
  readonly u: number;
  readonly d: number;
  readonly f: number;
}

/** Default and longest lifetime of an access token, seconds; the longest is enforced at issue and at the gateway. */
export const ACCESS_TTL_S = 15 * 60;
export const MAX_ACCESS_TTL_S = 60 * 60;
