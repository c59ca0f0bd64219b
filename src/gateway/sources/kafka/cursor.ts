import type { Trouble } from '../../view/chain.js';
import type { Followed } from '../source.js';

/** How much further back each next look begins than is needed at least, milliseconds. */
const FURTHER_MS = [0, 60_000, 600_000, 3_600_000, 21_600_000, 86_400_000, 691_200_000];
/** An anchor must be later than the time that is sought; watermarks come each second. */
const ANCHOR_WITHIN_MS = 5_000;
/** What comes late may still come: this long before the partition is read again. */
const GRACE_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** Batches from an unexpected place before the log itself is asked. */
const STRAYS = 3;

/** Where one partition is read, and when it must be read again from elsewhere. Decides; touches nothing. */
export class Cursor {
  readonly partition: number;
  /** The next offset; null before the first look. */
  position: bigint | null = null;
  /** Where a batch came from that should not have come, when the log has to be asked about it. */
  strayedTo: bigint | null = null;
  /** The look began at the log's first message, which is not the first there ever was. */
  beginsInTrimmedLog = false;
  #isAtStart = false;
  #isLive = false;
  #further = 0;
  #strays = 0;
  #attempts = 0;
  #dueAtMs: number | null = null;

  constructor(partition: number) {
    this.partition = partition;
  }

  /** From which time (unix ms) the next look begins. */
  soughtMs(nowMs: number, { windowMs, stalenessMs, skewMs }: Followed): number {
    const least = windowMs + stalenessMs + 2 * skewMs + ANCHOR_WITHIN_MS;
    return nowMs - least - (FURTHER_MS[this.#further] ?? 0);
  }

  /** A look begins at `offset`; `low` is the first offset that the log still has. */
  begin(offset: bigint, low: bigint): void {
    this.position = offset;
    this.#isAtStart = offset <= low;
    this.beginsInTrimmedLog = this.#isAtStart && low > 0n;
    this.#isLive = false;
    this.#strays = 0;
    this.strayedTo = null;
  }

  /** Everything there ever was is read. */
  get isComplete(): boolean {
    return this.#isAtStart && !this.beginsInTrimmedLog;
  }

  /** The end of the log has been reached since the look began. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** Whether a batch that begins at `first` is the next one. */
  expects(first: bigint): boolean {
    if (first === this.position) {
      this.#strays = 0;
      return true;
    }
    this.#strays += 1;
    if (this.#strays >= STRAYS) this.strayedTo = first;
    return false;
  }

  reachedEnd(): void {
    this.#isLive = true;
  }

  /** Whether to read again now, given what the follower lacks. `nowMs` is monotonic. */
  isDue(trouble: Trouble | null, nowMs: number): boolean {
    switch (trouble) {
      case null:
      case 'repair': // reading again brings nothing
        this.#dueAtMs = null;
        if (this.#isLive) this.#attempts = 0;
        return false;
      case 'young':
        if (this.#isAtStart || this.#further + 1 >= FURTHER_MS.length) return false;
        this.#further += 1;
        return true;
      case 'gap':
      case 'missing': {
        this.#dueAtMs ??= nowMs + Math.min(GRACE_MS * 2 ** this.#attempts, LONGEST_WAIT_MS);
        if (nowMs < this.#dueAtMs) return false;
        this.#dueAtMs = null;
        this.#attempts += 1;
        return true;
      }
    }
  }
}
