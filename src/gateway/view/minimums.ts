interface Entry {
  least: number;
  /** Minute (unix) of the newest revocation, which decides when the entry may leave. */
  minute: number;
}

const MINUTE_MS = 60_000;

/**
 * For each subject the largest value that a record has set. Keys live in a Map, never in an object, so that a
 * subject called `__proto__` is a subject like any other. A denser table can stand in this one's place.
 */
export class Minimums {
  readonly #entries = new Map<string, Entry>();
  /** Subjects by the minute of their revocation, so that forgetting looks only at what is due. */
  readonly #byMinute = new Map<number, string[]>();

  get size(): number {
    return this.#entries.size;
  }

  /** The merge: the larger value stays, whatever the order or number of calls. `atMs` is the revocation's time. */
  raise(subject: string, value: number, atMs: number): void {
    const minute = Math.floor(atMs / MINUTE_MS);
    const entry = this.#entries.get(subject);
    if (entry === undefined) {
      this.#entries.set(subject, { least: value, minute });
      this.#remember(subject, minute);
      return;
    }
    if (value > entry.least) entry.least = value;
    if (minute > entry.minute) {
      entry.minute = minute;
      this.#remember(subject, minute);
    }
  }

  /** 0 for a subject that was never revoked inside the window. */
  least(subject: string): number {
    return this.#entries.get(subject)?.least ?? 0;
  }

  /** Drops subjects whose newest revocation lies in a minute that was over before `beforeMs`. */
  forget(beforeMs: number): void {
    const firstKept = Math.floor(beforeMs / MINUTE_MS);
    for (const [minute, subjects] of this.#byMinute) {
      if (minute >= firstKept) continue;
      for (const subject of subjects) {
        if (this.#entries.get(subject)?.minute === minute) this.#entries.delete(subject);
      }
      this.#byMinute.delete(minute);
    }
  }

  #remember(subject: string, minute: number): void {
    const subjects = this.#byMinute.get(minute);
    if (subjects === undefined) this.#byMinute.set(minute, [subject]);
    else subjects.push(subject);
  }
}
