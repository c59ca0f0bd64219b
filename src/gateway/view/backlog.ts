import type { Authenticated, Before, Waiting } from './authenticate.js';
import type { Now } from './now.js';

/** Records that wait at most; with more of them each needs a signature of its own. */
const MOST_WAITING = 8_192;

/**
 * Records of one partition that wait for the watermark that lists them, while its log is read to the end: one signature
 * then vouches for many, wherever a fetch was cut. Nothing that the view believes to be complete lists them, so that they
 * wait makes it no fresher than it is.
 */
export class Backlog {
  #waiting: readonly Waiting[] = [];
  #sinceMs = 0;

  before(isMoreComing: boolean): Before {
    return { waiting: this.#waiting, mayWait: isMoreComing && this.#waiting.length < MOST_WAITING };
  }

  keep({ waiting, authentic }: Authenticated, { monotonicMs }: Now): void {
    const isHeard = authentic.some(({ kind }) => kind === 'watermark');
    if (this.#waiting.length === 0 || isHeard) this.#sinceMs = monotonicMs;
    this.#waiting = waiting;
  }

  /** Whether something waits, and no watermark has come for so long. */
  hasWaited(ms: number, { monotonicMs }: Now): boolean {
    return this.#waiting.length > 0 && monotonicMs - this.#sinceMs >= ms;
  }
}
