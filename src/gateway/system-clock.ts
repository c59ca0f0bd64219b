import { Clock } from '../kernel/clock.js';

class HostClock extends Clock {
  override now(): Date {
    return new Date();
  }

  override nowMs(): number {
    return Date.now();
  }

  override monotonicMs(): number {
    return performance.now();
  }
}

/** The host's clocks, for whoever has none of their own. */
export const systemClock: Clock = new HostClock();
