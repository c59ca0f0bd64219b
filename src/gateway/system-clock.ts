import type { Clock } from '../kernel/clock.js';

/** The host's clocks, for whoever has none of their own. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
