import { MAX_ACCESS_TTL_S, type AccessTokenClaims } from '../../contract/access-token.js';
import type { Family } from './family.js';

/** Who issues, and for whom (RFC 9068 §2.2). */
export interface Issuer {
  readonly issuer: string;
  readonly audience: string;
}

/** Unix seconds, on the side that makes a token end sooner. */
const seconds = (at: Date): number => Math.floor(at.getTime() / 1000);

/** The claims of an access token that is minted from a device token at `family.at`. */
export function accessClaims(family: Family, by: Issuer, jti: string): AccessTokenClaims {
  const iat = seconds(family.at);
  const ttl = Math.min(family.accessTtlS, MAX_ACCESS_TTL_S);
  return {
    iss: by.issuer,
    aud: by.audience,
    sub: family.owner ?? family.device,
    client_id: family.device,
    did: family.device,
    org: family.organization,
    fam: family.id,
    jti,
    iat,
    // It does not outlive the device token that it comes from.
    exp: Math.min(iat + ttl, seconds(family.expiresAt)),
    scope: family.scopes.join(' '),
    gen: family.issued,
    ...(family.policy !== null && { pol: family.policy }),
  };
}
