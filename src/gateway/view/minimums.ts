import { PackedMinimums } from './packed-minimums.js';
import type { Subject } from './subject.js';

interface Entry {
  least: number;
  /** Minute (unix) of the newest revocation, which decides when the entry may leave. */
  minute: number;
}

export const MINUTE_MS = 60_000;

/**
 * For each subject the largest value that a record has set. Almost all subjects are UUIDs, and stand in a dense table;
 * whatever else somebody may be called stands in a Map, never in an object, so that `__proto__` is a subject like any other.
 */
export class Minimums {
  readonly #uuids = new PackedMinimums();
  readonly #others = new Map<string, Entry>();

  get size(): number {
    return this.#uuids.size + this.#others.size;
  }

  /** The merge: the larger value stays, whatever the order or number of calls. `atMs` is the revocation's time. */
  raise(subject: Subject, value: number, atMs: number): void {
    const minute = Math.floor(atMs / MINUTE_MS);
    if (subject.isUuid) {
      this.#uuids.raise(subject, value, minute);
      return;
    }
    const entry = this.#others.get(subject.id);
    if (entry === undefined) this.#others.set(subject.id, { least: value, minute });
    else {
      entry.least = Math.max(entry.least, value);
      entry.minute = Math.max(entry.minute, minute);
    }
  }

  /** 0 for a subject that was never revoked inside the window. */
  least(subject: Subject): number {
    return subject.isUuid ? this.#uuids.least(subject) : (this.#others.get(subject.id)?.least ?? 0);
  }

  /** Subject, least value, minute of the newest revocation. What comes or leaves between two of them may be there or not. */
  *entries(): Generator<readonly [subject: string, least: number, minute: number]> {
    yield* this.#uuids.entries();
    for (const [subject, { least, minute }] of this.#others) yield [subject, least, minute];
  }

  /** Drops subjects whose newest revocation lies in a minute that was over before `beforeMs`. */
  forget(beforeMs: number): void {
    const firstKept = Math.floor(beforeMs / MINUTE_MS);
    this.#uuids.forget(firstKept);
    for (const [subject, { minute }] of this.#others)
      if (minute < firstKept) this.#others.delete(subject);
  }
}
