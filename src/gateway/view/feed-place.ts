import type { ChainHead, SnapshotPart } from '../../contract/snapshot.js';
import type { Freshness } from './freshness.js';
import type { Now } from './now.js';

/** What became of a part. `gap`: it does not follow what came before. `outdated`: it is of an epoch that has ended. */
export type Placed = 'reached' | 'on-the-way' | 'gap' | 'outdated';

export interface FeedRules {
  readonly windowMs: number;
  readonly skewMs: number;
}

export interface Judging {
  /** What was reached in an older one keeps nothing fresh. */
  readonly epoch: number;
  /** S */
  readonly stalenessMs: number;
  readonly ageMs: (since: Now) => number;
}

interface Reached {
  readonly position: string;
  readonly epoch: number;
  readonly t: string;
  /** T as it would show on both clocks. */
  readonly at: Now;
  readonly isFuture: boolean;
  readonly heads: readonly ChainHead[];
}

/** How far a gateway has come in the feed. What it reached stays true whatever comes later. */
export class FeedPlace {
  readonly #rules: FeedRules;
  #reached: Reached | null = null;
  /** A way of several parts that has begun. */
  #way: { readonly from: string | null; readonly to: string; readonly last: string } | null = null;

  constructor(rules: FeedRules) {
    this.#rules = rules;
  }

  get reached(): Reached | null {
    return this.#reached;
  }

  /** Null before anything was reached. */
  freshness({ epoch, stalenessMs, ageMs: ageOf }: Judging): Freshness | null {
    const reached = this.#reached;
    if (reached === null) return null;
    if (reached.isFuture) return { state: 'unusable' };
    const ageMs = ageOf(reached.at);
    if (reached.epoch < epoch) return { state: 'stale', ageMs, why: 'epoch' };
    return ageMs <= stalenessMs ? { state: 'fresh', ageMs } : { state: 'stale', ageMs, why: 'old' };
  }

  /** The connection is a new one: a way that was begun is begun again. */
  restart(): void {
    this.#way = null;
  }

  place(part: SnapshotPart, digest: string, now: Now): Placed {
    if (part.epoch < (this.#reached?.epoch ?? 0)) return 'outdated';
    if (!this.#follows(part)) {
      this.#way = null;
      return 'gap';
    }
    if (part.more) {
      this.#way = { from: part.from, to: part.to, last: digest };
      return 'on-the-way';
    }
    this.#way = null;
    this.#reach(part, now);
    return 'reached';
  }

  #follows({ from, to, prev, since, t }: SnapshotPart): boolean {
    const way = this.#way;
    if (prev !== null) return way?.last === prev && way.to === to && way.from === from;
    if (way !== null) return false;
    if (from !== null) return from === this.#reached?.position;
    // A snapshot must go as far back as the tokens that we would let in.
    return since !== null && Date.parse(since) <= Date.parse(t) - this.#rules.windowMs;
  }

  #reach({ to, epoch, t, heads }: SnapshotPart, now: Now): void {
    const tMs = Date.parse(t);
    const isFuture = tMs > now.wallMs + this.#rules.skewMs;
    const at = { wallMs: tMs, monotonicMs: now.monotonicMs - (now.wallMs - tMs) };
    const before = this.#reached;
    // Another replica may be a moment behind: what was true stays true.
    const isNewer = before === null || before.isFuture || tMs >= before.at.wallMs;
    this.#reached = isNewer
      ? { position: to, epoch, t, at, isFuture, heads }
      : { ...before, position: to, epoch };
  }
}
