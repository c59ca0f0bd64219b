import { Lanes } from './lanes.js';
import type { OutboxRecord } from './outbox-record.js';

export interface Waiting {
  readonly record: OutboxRecord;
  /** Our clock after COMMIT returned; null when a crash swallowed it. */
  readonly committedAt: Date | null;
}

/** A commit with more records than this revokes many at once, and does not take the express lane. */
const FEW = 10;
/** What a sweeper has found may be this much at once: others can send the rest. */
const MOST_SWEPT = 2_000;

/** Records on their way to the topic, each once, in one fair queue per partition and lane. Bounded. */
export class Backlog {
  readonly #most: number;
  readonly #queues = new Map<number, Lanes<Waiting>>();
  /** Those that wait, are being sent, or are being marked. */
  readonly #known = new Set<string>();

  constructor(most: number) {
    this.#most = most;
  }

  /** How many are waiting, under way, or not yet forgotten. */
  get known(): number {
    return this.#known.size;
  }

  /** How many a sweeper may add. */
  get room(): number {
    return Math.max(0, Math.min(Math.floor(this.#most / 2), MOST_SWEPT) - this.#known.size);
  }

  /**
   * What was committed just now and is not many at once goes before the rest.
   *
   * @returns how many found no room
   */
  add(records: readonly OutboxRecord[], committedAt: Date | null): number {
    let dropped = 0;
    const isExpress = committedAt !== null && records.length <= FEW;
    for (const record of records) {
      if (this.#known.has(record.digest)) continue;
      if (this.#known.size >= this.#most) dropped += 1;
      else {
        this.#known.add(record.digest);
        const owner = record.organization ?? '*';
        this.#queueOf(record.partition).add(owner, { record, committedAt }, isExpress);
      }
    }
    return dropped;
  }

  /** At most `count` of the partitions that may be sent, evenly from each. They stay known until they are forgotten. */
  take(count: number, maySend: (partition: number) => boolean): Waiting[] {
    const queues = [...this.#queues]
      .filter(([partition, queue]) => queue.size > 0 && maySend(partition))
      .map(([, queue]) => queue)
      .sort((a, b) => a.size - b.size);
    const taken: Waiting[] = [];
    queues.forEach((queue, i) => {
      // Short queues go first; what they leave of their share belongs to the longer ones.
      const share = Math.ceil((count - taken.length) / (queues.length - i));
      taken.push(...queue.take(share));
    });
    return taken;
  }

  forget(digests: readonly string[]): void {
    for (const digest of digests) this.#known.delete(digest);
  }

  #queueOf(partition: number): Lanes<Waiting> {
    const found = this.#queues.get(partition);
    if (found !== undefined) return found;
    const queue = new Lanes<Waiting>();
    this.#queues.set(partition, queue);
    return queue;
  }
}
