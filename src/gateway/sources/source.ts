import type { SignedReceipt } from '../receipts/receipts.js';
import type { Received } from '../view/authenticate.js';
import type { Trouble } from '../view/chain.js';
import type { Freshness } from '../view/freshness.js';

/** One partition's messages, in its order, come in here; what the follower lacks shows as trouble. */
export interface Follower {
  /** The partition is about to be read from `soughtMs` on (unix ms by the broker; -Infinity: all there ever was). */
  restart(partition: number, soughtMs: number): void;
  /** `isMoreComing`: the rest of the log follows at once, and records may wait for the watermark that lists them. */
  receive(partition: number, messages: readonly Received[], isMoreComing?: boolean): void;
  /**
   * Records that have waited for so long, milliseconds, are believed by their own signatures, or not: some of them, for
   * each costs time. @returns whether there are more
   */
  settle(partition: number, waitedMs?: number): boolean;
  /** The partition has been read to what was the end of its log. */
  reachedEnd(partition: number): void;
  trouble(partition: number): Trouble | null;
}

/** What became of a part of the feed; `refused`: nobody we know vouches for it, or it cannot be read. */
export type Taken = 'reached' | 'on-the-way' | 'gap' | 'outdated' | 'refused';

/** Follows over HTTP, too: parts of the feed, and single records. */
export interface FeedFollower extends Follower {
  /** Where the feed may be gone on with; null before a snapshot. */
  readonly feedPosition: string | null;
  /** A connection begins: what was on the way is begun again. */
  restartFeed(): void;
  /** A part and the records before it, as they came. */
  takePart(records: readonly string[], part: Received): Taken;
  /** Digests that watermarks list and that have not come. */
  lacking(most: number): readonly string[];
  /** @returns false when the record is not what `digest` names, or nobody we know has signed it */
  heal(record: Received, digest: string): boolean;
  /** How fresh the topic alone keeps the view. */
  topicFreshness(): Freshness;
}

/** What is to be followed, and how far back at least: the window and S before now. */
export interface Followed {
  readonly topic: string;
  readonly partitions: number;
  readonly windowMs: number;
  readonly stalenessMs: number;
  readonly skewMs: number;
}

/** Brings the revocations topic to a gateway, and its receipts back. */
export interface Transport {
  /** Follows until `stop` is aborted, whatever fails meanwhile. Never rejects. */
  follow(followed: Followed, follower: FeedFollower, stop: AbortSignal): Promise<void>;
  /** Resolves when the receipt is stored, rejects within a bounded time when it may not be. */
  sendReceipt(topic: string, receipt: SignedReceipt): Promise<void>;
  close(): Promise<void>;
}
