import type { Family } from './family.js';
import { FAMILY_IDLE_MS, GRACE_MS } from './lifetimes.js';
import { heldBy, isAlive, type Refused } from './standing.js';

/**
 * Which of the family's refresh secrets was shown: the present one, the one just before it, or an older one. It is
 * one of ours in any case.
 */
export type Shown = 'present' | 'previous' | 'older';

/**
 * `rotate`: a successor takes its place. `repeat`: the answer got lost, or two asked at once; the same successor is
 * told again. `reuse`: two parties hold what only one should; nobody knows which is the thief, so the device token
 * ends (RFC 9700 §4.14.2).
 */
export type RefreshDecision = 'rotate' | 'repeat' | 'reuse' | Refused;

export function decideRefresh(family: Family, shown: Shown): RefreshDecision {
  const { at, refreshedAt } = family;
  if (refreshedAt === null || !isAlive(family.issued, family.standings))
    return { refused: 'token.invalid' };
  const ageMs = at.getTime() - refreshedAt.getTime();
  if (at >= family.expiresAt || ageMs > FAMILY_IDLE_MS) return { refused: 'token.invalid' };
  if (shown === 'older' || (shown === 'previous' && ageMs > GRACE_MS)) return 'reuse';
  return heldBy(family.standings) ?? (shown === 'present' ? 'rotate' : 'repeat');
}
