import type { AccessTokenClaims, Generations } from './access-token.js';
import type { GenerationScope } from './revocation-record.js';

/** Whose revocation ends a token. */
export type RevokedBy = 'revoked.org' | 'revoked.user' | 'revoked.device' | 'revoked.family';

/** Whose revocations a token falls with. Without an owner there is no user: there `sub` is the device. */
export interface TokenSubjects<Subject = string> {
  readonly org: Subject;
  readonly user: Subject | null;
  readonly device: Subject;
  readonly family: Subject;
}

/** Says for each subject the smallest generation that is still good. */
export interface LeastGenerations<Subject = string> {
  least(scope: GenerationScope, subject: Subject): number;
}

export const subjectsOf = ({ org, sub, did, fam }: AccessTokenClaims): TokenSubjects => ({
  org,
  user: sub === did ? null : sub,
  device: did,
  family: fam,
});

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
export function revokedBy<Subject>(
  { org, user, device, family }: TokenSubjects<Subject>,
  gen: Generations,
  known: LeastGenerations<Subject>,
): RevokedBy | null {
  if (gen.o < known.least('org', org)) return 'revoked.org';
  if (user !== null && gen.u < known.least('user', user)) return 'revoked.user';
  if (gen.d < known.least('device', device)) return 'revoked.device';
  return gen.f < known.least('family', family) ? 'revoked.family' : null;
}
