import { Clock } from '../../src/kernel/clock.js';

/** Stands still until it is told to go on. */
export class FakeClock extends Clock {
  #wallMs: number;
  #monotonicMs = 1_000;

  constructor(wallMs = Date.parse('2026-01-01T00:00:00.000Z')) {
    super();
    this.#wallMs = wallMs;
  }

  now(): Date {
    return new Date(this.#wallMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  advance(ms: number): void {
    this.#wallMs += ms;
    this.#monotonicMs += ms;
  }
}
