import type { Clock } from '../../kernel/clock.js';

export interface BucketSettings {
  /** How many come back each second. */
  readonly perSecond: number;
  /** How many there are at first, and at most. */
  readonly burst: number;
  /** So many keys are remembered; the one that was used longest ago is forgotten, and is full again. */
  readonly mostKeys: number;
}

interface Bucket {
  level: number;
  atMs: number;
}

/** A token bucket for each key, in memory that is bounded whoever makes up keys. */
export class TokenBuckets {
  readonly #settings: BucketSettings;
  readonly #clock: Clock;
  /** In the order of their last use. Only this object changes it. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(settings: BucketSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Takes one if there is one. @returns whether there was */
  take(key: string): boolean {
    const { perSecond, burst, mostKeys } = this.#settings;
    const now = this.#clock.monotonicMs();
    const before = this.#buckets.get(key) ?? { level: burst, atMs: now };
    const level = Math.min(burst, before.level + ((now - before.atMs) / 1_000) * perSecond);
    const isThere = level >= 1;
    this.#buckets.delete(key);
    this.#buckets.set(key, { level: isThere ? level - 1 : level, atMs: now });
    if (this.#buckets.size > mostKeys)
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    return isThere;
  }

  get size(): number {
    return this.#buckets.size;
  }
}
