import { FairQueue } from './fair-queue.js';

/** The least part of what is taken that the slow lane gets, so that nothing waits for ever. */
const SLOW_PART = 0.25;

/** Two fair queues: what is on the express lane does not wait behind what comes by the thousand. */
export class Lanes<T> {
  readonly #express = new FairQueue<T>();
  readonly #slow = new FairQueue<T>();

  get size(): number {
    return this.#express.size + this.#slow.size;
  }

  add(owner: string, entry: T, isExpress: boolean): void {
    (isExpress ? this.#express : this.#slow).add(owner, entry);
  }

  /** Removes and returns at most `count` entries, those of the express lane first. */
  take(count: number): T[] {
    const slow = Math.min(
      this.#slow.size,
      Math.max(Math.ceil(count * SLOW_PART), count - this.#express.size),
    );
    const first = this.#express.take(count - slow);
    return [...first, ...this.#slow.take(count - first.length)];
  }
}
