import type { AccessTokenClaims } from './access-token.js';
import type { GenerationScope } from './revocation-record.js';

/** Whose revocation ends a token. */
export type RevokedBy = 'revoked.org' | 'revoked.user' | 'revoked.device' | 'revoked.family';

/** Says for each subject the smallest generation that is still good. */
export interface LeastGenerations {
  least(scope: GenerationScope, subject: string): number;
}

/** Whether it is time to use the token. No leeway at the end: the window in which revocations are remembered counts on it. */
export function untimely(
  { iat, exp }: Pick<AccessTokenClaims, 'iat' | 'exp'>,
  nowMs: number,
  skewMs: number,
): 'token.expired' | 'token.not_yet' | null {
  if (exp * 1000 <= nowMs) return 'token.expired';
  return iat * 1000 > nowMs + skewMs ? 'token.not_yet' : null;
}

/** All four scopes are compared; the first that is too old is named. */
export function revokedBy(
  { org, sub, did, fam, gen }: AccessTokenClaims,
  known: LeastGenerations,
): RevokedBy | null {
  if (gen.o < known.least('org', org)) return 'revoked.org';
  // Without an owner `sub` is the device.
  if (sub !== did && gen.u < known.least('user', sub)) return 'revoked.user';
  if (gen.d < known.least('device', did)) return 'revoked.device';
  return gen.f < known.least('family', fam) ? 'revoked.family' : null;
}
