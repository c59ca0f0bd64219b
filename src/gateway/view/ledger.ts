import type { Watermark } from '../../contract/watermark.js';

/** A linked watermark whose records have not all been applied, or that waits for one that has not. */
interface Part {
  readonly seq: number;
  readonly t: string;
  readonly more: boolean;
  readonly missing: Set<string>;
  readonly repair: ReadonlySet<string>;
}

export interface Completed {
  readonly seq: number;
  readonly t: string;
  readonly more: boolean;
}

/** Applied digests that no watermark has listed yet are remembered up to this count. */
const UNLISTED = 1_000_000;

/** Which records have been applied, against which ones the watermarks list. One partition's. */
export class Ledger {
  /** Digest → time of its revocation. Oldest arrivals first. */
  readonly #unlisted = new Map<string, number>();
  #parts: Part[] = [];

  /** Starts over with the lists; what has been applied stays known. */
  clear(): void {
    this.#parts = [];
  }

  applied(digest: string, revokedAtMs: number): void {
    let listed = false;
    for (const part of this.#parts) listed = part.missing.delete(digest) || listed;
    if (listed) return;
    this.#unlisted.set(digest, revokedAtMs);
    if (this.#unlisted.size <= UNLISTED) return;
    // A forgotten digest that is listed later counts as missing: the partition is read again, nothing worse.
    const [oldest] = this.#unlisted.keys();
    if (oldest !== undefined) this.#unlisted.delete(oldest);
  }

  /** A record came another way: whoever lists it lacks it no longer. */
  heal(digest: string): boolean {
    let wasMissing = false;
    for (const part of this.#parts) wasMissing = part.missing.delete(digest) || wasMissing;
    return wasMissing;
  }

  /** Takes the lists of a watermark that needs nothing: the anchor, or one before it. */
  excuse(watermark: Watermark): void {
    for (const digest of watermark.covers) this.#unlisted.delete(digest);
  }

  demand({ seq, t, more, covers, repair }: Watermark): void {
    const missing = new Set<string>();
    // `repair` is a part of `covers`; one that is not is demanded all the same.
    const listed = repair.length === 0 ? covers : new Set([...covers, ...repair]);
    for (const digest of listed) if (!this.#unlisted.delete(digest)) missing.add(digest);
    this.#parts.push({ seq, t, more, missing, repair: new Set(repair) });
  }

  /** Drops the lists of watermarks behind `seq`: another branch takes over from there. */
  truncate(seq: number): void {
    this.#parts = this.#parts.filter((part) => part.seq <= seq);
  }

  /** The watermarks that are complete now, in order. */
  takeCompleted(): Completed[] {
    const open = this.#parts.findIndex(({ missing }) => missing.size > 0);
    return this.#parts.splice(0, open === -1 ? this.#parts.length : open);
  }

  get isComplete(): boolean {
    return this.#parts.length === 0;
  }

  /** What keeps the lists from being complete; `repair` when the topic cannot bring any of it. */
  get lacks(): 'nothing' | 'records' | 'repair' {
    let lacks: 'nothing' | 'repair' = 'nothing';
    for (const { missing, repair } of this.#parts) {
      for (const digest of missing) {
        if (!repair.has(digest)) return 'records';
        lacks = 'repair';
      }
    }
    return lacks;
  }

  /** Digests of listed records that have not come, `most` of them. */
  missing(most: number): readonly string[] {
    const missing: string[] = [];
    for (const part of this.#parts)
      for (const digest of part.missing) {
        if (missing.length >= most) return missing;
        missing.push(digest);
      }
    return missing;
  }

  /** Digests of records that the topic cannot carry. */
  get toRepair(): readonly string[] {
    return this.#parts.flatMap(({ missing, repair }) => [...repair].filter((d) => missing.has(d)));
  }

  /** Drops digests of revocations before this time: repeats of what was listed long ago. */
  forget(beforeMs: number): void {
    for (const [digest, revokedAtMs] of this.#unlisted) {
      if (revokedAtMs < beforeMs) this.#unlisted.delete(digest);
    }
  }
}
