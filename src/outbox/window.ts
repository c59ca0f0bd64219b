import { MAX_ACCESS_TTL_S } from '../contract/access-token.js';

/** How far clocks may differ, milliseconds; it lies inside S (P3). */
export const MAX_CLOCK_SKEW_MS = 1_000;

/**
 * Older records can refuse no living token, seconds: the largest lifetime and the clocks' difference. `foreignLifeS` is
 * the largest that a foreign issuer is registered with.
 */
export const windowS = (foreignLifeS: number): number =>
  Math.max(MAX_ACCESS_TTL_S, foreignLifeS) + MAX_CLOCK_SKEW_MS / 1_000;
