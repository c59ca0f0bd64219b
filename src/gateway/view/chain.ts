import type { ChainHead } from '../../contract/snapshot.js';
import type { Watermark } from '../../contract/watermark.js';
import { HeadHistory } from './head-history.js';
import { Ledger } from './ledger.js';
import type { Now } from './now.js';
import { goesOnAt, type Anchor, type Head, type Standing } from './standing.js';

/** How much older than now an anchor must be, and how far two clocks may differ. Milliseconds. */
export interface ChainRules {
  readonly startAgeMs: number;
  readonly skewMs: number;
}

/** What became of a watermark. `conflict` means that two different ones claim the same place. */
export type Linked = 'linked' | 'anchored' | 'early' | 'known' | 'later' | 'outdated' | 'conflict';

/** Why a chain does not bring a fresh view, and what would help. */
export type Trouble =
  /** The anchor is too young, or so is all that could become one: read from further back. */
  | 'young'
  /** A watermark is missing, or another chain stands in its place: read again. */
  | 'gap'
  /** A listed record has not come: read again. */
  | 'missing'
  /** The topic cannot carry a listed record: fetch it over HTTP. */
  | 'repair';

interface Reached {
  readonly t: string;
  readonly tMs: number;
  /** When it was reached. */
  readonly at: Now;
  readonly isFuture: boolean;
}

interface Waiting {
  readonly watermark: Watermark;
  readonly digest: string;
}

/** Watermarks that came before their turn are kept up to this count; what is dropped must be read again. */
const WAITING = 1024;

/** One partition's chain of watermarks: where it is anchored, how far it is linked and how far it is complete. */
export class Chain {
  readonly #rules: ChainRules;
  readonly #ledger = new Ledger();
  readonly #history = new HeadHistory();
  readonly #waiting = new Map<number, Waiting>();
  #soughtMs = Infinity;
  #anchor: Anchor | null = null;
  #head: Head | null = null;
  /** Where the chain stood, in order, when the partition was begun anew: what follows there leaves nothing out. */
  #stood: Standing | null = null;
  #isForked = false;
  #isReady = false;
  #completeSeq: number | null = null;
  #reached: Reached | null = null;
  /** What was reached before the last restart. It stays true: what preceded it has been applied. */
  #before: Reached | null = null;
  /** The newest T that was heard, and the one that was the newest at the last restart. */
  #heardMs = -Infinity;
  #owedMs = -Infinity;

  constructor(rules: ChainRules) {
    this.#rules = rules;
  }

  /**
   * Forgets the chain: the partition is about to be read from `soughtMs` on (unix ms by the broker's clock;
   * -Infinity for everything that was ever written). What has been applied stays applied.
   */
  restart(soughtMs: number): void {
    if (this.#isReady) this.#before = this.#best;
    if (this.#head !== null) this.#stood = this.#inOrder();
    this.#owedMs = this.#heardMs;
    this.#soughtMs = soughtMs;
    this.#ledger.clear();
    this.#history.clear();
    this.#waiting.clear();
    this.#anchor = this.#head = this.#reached = this.#completeSeq = null;
    this.#isForked = this.#isReady = false;
  }

  applied(digest: string, revokedAtMs: number, now: Now): void {
    this.#ledger.applied(digest, revokedAtMs);
    this.#complete(now);
  }

  /** A record was applied that came another way than over the topic. */
  heal(digest: string, now: Now): void {
    if (this.#ledger.heal(digest)) this.#complete(now);
  }

  /** Listed records that have not come. */
  missing(most: number): readonly string[] {
    return this.#ledger.missing(most);
  }

  /**
   * Goes on behind a head, up to which everything is known from elsewhere, where reading again would bring nothing.
   * A chain in order, and one that has come further, stays as it is.
   */
  mendAt(
    { seq, digest }: ChainHead,
    known: { readonly t: string; readonly epoch: number },
    now: Now,
  ): void {
    const trouble = this.trouble(now);
    if (trouble === null || trouble === 'young' || this.#head === null) return;
    if (seq < this.#head.seq && !this.#isForked) return;
    this.#ledger.clear();
    this.#history.clear();
    this.#history.add(seq, digest);
    this.#head = { seq, digest, epoch: known.epoch };
    this.#anchor = { tMs: Date.parse(known.t), isGenesis: true };
    this.#isForked = false;
    for (const place of this.#waiting.keys()) if (place <= seq) this.#waiting.delete(place);
    this.#reach(seq, known.t, now);
    this.#appendWaiting();
    this.#complete(now);
  }

  link(watermark: Watermark, digest: string, now: Now): Linked {
    const tMs = Date.parse(watermark.t);
    if (tMs <= now.wallMs + this.#rules.skewMs) this.#heardMs = Math.max(this.#heardMs, tMs);
    const outcome =
      this.#head === null
        ? this.#anchorAt(watermark, digest, now)
        : this.#place(watermark, digest, this.#head);
    this.#appendWaiting();
    this.#complete(now);
    return outcome;
  }

  /**
   * Records that the watermarks after the anchor list were committed after its T, and so appended after the
   * time that was sought: all of them are read. Its own list may lie before that time, and a part that is not
   * its round's last says nothing yet about its T.
   */
  #anchorAt(watermark: Watermark, digest: string, now: Now): Linked {
    const { seq, epoch, t, more } = watermark;
    if (this.#goesOn(watermark, digest, now)) return 'linked';
    this.#ledger.excuse(watermark);
    const tMs = Date.parse(t);
    const isGenesis = seq === 0;
    if (!isGenesis && (more || tMs <= this.#soughtMs + this.#rules.skewMs)) return 'early';
    this.#stood = null;
    this.#anchor = { tMs, isGenesis };
    this.#head = { seq, digest, epoch };
    this.#history.add(seq, digest);
    this.#reach(seq, t, now);
    return 'anchored';
  }

  #inOrder(): Standing | null {
    const [anchor, head] = [this.#anchor, this.#head];
    const isWhole = this.#waiting.size === 0 && !this.#isForked && this.#ledger.isComplete;
    return isWhole && anchor !== null && head !== null ? { anchor, head } : null;
  }

  #goesOn(watermark: Watermark, digest: string, now: Now): boolean {
    const stood = this.#stood;
    const where = stood === null ? null : goesOnAt(stood, watermark, digest);
    if (stood === null || where === null) return false;
    const { anchor, head } = stood;
    this.#stood = null;
    this.#anchor = anchor;
    this.#head = head;
    this.#history.add(head.seq, head.digest);
    this.#completeSeq = head.seq;
    if (where === 'next') this.#append(watermark, digest);
    else if (!watermark.more) this.#reach(head.seq, watermark.t, now);
    this.isReady(now);
    return true;
  }

  #place(watermark: Watermark, digest: string, head: { seq: number; epoch: number }): Linked {
    const { seq, prev, epoch } = watermark;
    if (this.#history.digestOf(seq) === digest) return 'known';
    if (epoch < head.epoch) return 'outdated';
    if (seq > head.seq + 1) {
      const known = this.#waiting.get(seq);
      const isNews = known === undefined || known.watermark.epoch < epoch;
      if (isNews && this.#waiting.size < WAITING) this.#waiting.set(seq, { watermark, digest });
      return 'later';
    }
    const follows = prev !== null && this.#history.digestOf(seq - 1) === prev;
    if (follows && (seq === head.seq + 1 || epoch > head.epoch)) {
      // A recovery raised the epoch: what the old side wrote behind this place no longer counts.
      this.#history.truncate(seq - 1);
      this.#ledger.truncate(seq - 1);
      this.#append(watermark, digest);
      return 'linked';
    }
    // Repeats of watermarks from before the anchor or beyond the remembered heads are no news.
    if (seq <= head.seq && this.#history.digestOf(seq) === undefined) return 'known';
    this.#isForked = true;
    return 'conflict';
  }

  #append(watermark: Watermark, digest: string): void {
    const { seq, epoch } = watermark;
    this.#head = { seq, digest, epoch };
    this.#history.add(seq, digest);
    this.#ledger.demand(watermark);
    this.#isForked = false;
  }

  #appendWaiting(): void {
    for (let next = this.#takeWaiting(); next !== null; next = this.#takeWaiting())
      this.#append(next.watermark, next.digest);
  }

  #takeWaiting(): Waiting | null {
    if (this.#head === null) return null;
    const { seq, digest, epoch } = this.#head;
    const next = this.#waiting.get(seq + 1);
    if (next === undefined) return null;
    this.#waiting.delete(seq + 1);
    if (next.watermark.epoch < epoch) return this.#takeWaiting();
    if (next.watermark.prev === digest) return next;
    this.#isForked = true;
    return null;
  }

  #complete(now: Now): void {
    for (const { seq, t, more } of this.#ledger.takeCompleted()) {
      this.#completeSeq = seq;
      if (!more) this.#reach(seq, t, now); // only the last part of a round moves T
    }
  }

  #reach(seq: number, t: string, now: Now): void {
    const tMs = Date.parse(t);
    this.#completeSeq = seq;
    this.#reached = { t, tMs, at: now, isFuture: tMs > now.wallMs + this.#rules.skewMs };
  }

  /**
   * Whether the chain reaches far enough back for everything that matters to have been read. Asked anew each time: a
   * clock that was ahead and has been set right makes an anchor younger.
   */
  isReady(now: Now): boolean {
    const anchor = this.#anchor;
    this.#isReady = anchor !== null && (anchor.isGenesis || this.#isOldEnough(anchor.tMs, now));
    return this.#isReady;
  }

  #isOldEnough(tMs: number, now: Now): boolean {
    return tMs < now.wallMs - this.#rules.startAgeMs;
  }

  /** The present has come, and yet is no later than the time that was sought: our clock was ahead when we sought. */
  #isSoughtTooLate(now: Now): boolean {
    return (
      this.#anchor === null &&
      this.#heardMs <= this.#soughtMs + this.#rules.skewMs &&
      this.#heardMs > -Infinity &&
      !this.#isOldEnough(this.#heardMs, now)
    );
  }

  trouble(now: Now): Trouble | null {
    if (this.#waiting.size > 0 || this.#isForked) return 'gap';
    const lacks = this.#ledger.lacks;
    if (lacks === 'records') return 'missing';
    if (this.#anchor === null ? this.#isSoughtTooLate(now) : !this.isReady(now)) return 'young';
    return lacks === 'repair' ? 'repair' : null;
  }

  /**
   * Whether every watermark and every record that is known of has been applied. After a restart that holds
   * only when the chain has come as far as anything that was heard before.
   */
  get isComplete(): boolean {
    return (
      this.#waiting.size === 0 &&
      !this.#isForked &&
      this.#ledger.isComplete &&
      (this.#reached?.tMs ?? -Infinity) >= this.#owedMs
    );
  }

  get #best(): Reached | null {
    const [before, reached] = [this.#before, this.#reached];
    if (before === null || before.isFuture) return reached;
    return this.#isReady && reached !== null && reached.tMs >= before.tMs ? reached : before;
  }

  /** True when T lay in the future as it came: somebody's clock is wrong, and nothing can be said about age. */
  get isFuture(): boolean {
    return this.#best?.isFuture ?? false;
  }

  get epoch(): number {
    return this.#head?.epoch ?? -1;
  }

  /**
   * T as it would show on both clocks; null when nothing was reached. The wall clock may be set back and the
   * monotonic clock may stand still while the machine sleeps: age is the larger difference of the two.
   */
  get reachedAt(): Now | null {
    if (this.#best === null) return null;
    const { tMs, at } = this.#best;
    return { wallMs: tMs, monotonicMs: at.monotonicMs - (at.wallMs - tMs) };
  }

  /** The last watermark whose records have all been applied, for a receipt. */
  get position(): { readonly seq: number; readonly t: string } | null {
    if (!this.#isReady || this.#reached === null || this.#completeSeq === null) return null;
    if (this.#reached.tMs < this.#owedMs) return null;
    return { seq: this.#completeSeq, t: this.#reached.t };
  }

  /** T of the last complete watermark, by the primary's clock; -Infinity when there is none to rely on. */
  get tMs(): number {
    return this.#reached === null || this.#reached.isFuture ? -Infinity : this.#reached.tMs;
  }

  get toRepair(): readonly string[] {
    return this.#ledger.toRepair;
  }

  forget(beforeMs: number): void {
    this.#ledger.forget(beforeMs);
  }
}
