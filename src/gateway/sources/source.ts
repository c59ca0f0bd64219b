import type { SignedReceipt } from '../receipts/receipts.js';
import type { Received } from '../view/authenticate.js';
import type { Trouble } from '../view/chain.js';

/** One partition's messages, in its order, come in here; what the follower lacks shows as trouble. */
export interface Follower {
  /** The partition is about to be read from `soughtMs` on (unix ms by the broker; -Infinity: all there ever was). */
  restart(partition: number, soughtMs: number): void;
  receive(partition: number, messages: readonly Received[]): void;
  /** The partition has been read to what was the end of its log. */
  reachedEnd(partition: number): void;
  trouble(partition: number): Trouble | null;
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
  follow(followed: Followed, follower: Follower, stop: AbortSignal): Promise<void>;
  /** Resolves when the receipt is stored, rejects within a bounded time when it may not be. */
  sendReceipt(topic: string, receipt: SignedReceipt): Promise<void>;
  close(): Promise<void>;
}
