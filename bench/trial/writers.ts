import type { Replica } from '../../test/support/outbox-world.js';
import { PARTITIONS } from './stage.js';

/** The writers of one process. After each round they rest until the next beat: time does not go by itself. */
export class Writers {
  readonly #stop = new AbortController();
  readonly #running: readonly Promise<void>[];
  readonly #resting = new Map<number, () => void>();
  /** Told when one of them rests. */
  #onRest: () => void = () => undefined;

  constructor(replica: Replica) {
    this.#running = Array.from({ length: PARTITIONS }, (_, partition) =>
      replica
        .writer(partition, { rest: () => this.#rest(partition) })
        .run(this.#stop.signal)
        // Whoever was killed can only fail.
        .catch(() => undefined),
    );
  }

  /** The next round begins. */
  beat(): void {
    for (const goOn of this.#takeResting()) goOn();
  }

  /** When so many of them have written their round. */
  async rested(count: number): Promise<void> {
    while (this.#resting.size < count)
      await new Promise<void>((resolve) => {
        this.#onRest = resolve;
      });
  }

  /** They give the chains away, as far as their process still can. */
  async stop(): Promise<void> {
    this.#stop.abort(STOPPED);
    for (const goOn of this.#takeResting()) goOn();
    await Promise.all(this.#running);
  }

  #rest(partition: number): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#resting.set(partition, resolve);
      this.#onRest();
    });
  }

  #takeResting(): readonly (() => void)[] {
    const resting = [...this.#resting.values()];
    this.#resting.clear();
    return resting;
  }
}

/** Made once: an error with its stack is dear. */
const STOPPED = new Error('stopped');
