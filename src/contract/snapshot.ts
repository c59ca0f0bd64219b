import { canonicalBytes } from './bytes.js';
import type { Hash } from './crypto-types.js';
import { digestOf } from './signed-message.js';

/**
 * One signed statement of the feed: "whoever has everything that was there at `from` has, with the records before
 * me, everything that was there at `to`, and everything acknowledged before `t` was there". With `from` null the
 * records are all those of the window.
 */
export interface SnapshotPart {
  readonly v: 1;
  readonly installation: string;
  readonly topic: string;
  readonly partitions: number;
  readonly epoch: number;
  /** Positions are opaque: they are compared for equality and handed back, nothing else. */
  readonly from: string | null;
  readonly to: string;
  /** Digest of the part before this one on the way from `from` to `to`; null in the first. */
  readonly prev: string | null;
  /** True when more parts follow; only with the last one is `to` reached, and only that one moves `t`. */
  readonly more: boolean;
  /** RFC 3339 UTC with milliseconds, the primary's clock before it looked. */
  readonly t: string;
  /** Older records are left out (they can refuse no living token); null unless `from` is. */
  readonly since: string | null;
  /** How many records stand before this part, and {@link digestOfRecords} of theirs, in their order. */
  readonly count: number;
  readonly records: string;
  /** The chains' heads at `to`: whoever is there has what watermarks up to `seq` cover. */
  readonly heads: readonly ChainHead[];
  /** Every revoked signing key, for ever. */
  readonly kids: readonly string[];
}

export interface ChainHead {
  readonly partition: number;
  readonly seq: number;
  readonly digest: string;
}

/** Records in one part at most: what a follower must hold before it can believe them. */
export const MAX_PART_RECORDS = 1_000;

/** The longest position. */
export const MAX_POSITION = 4_096;

export const snapshotPartBytes = (part: SnapshotPart): Uint8Array => canonicalBytes(part);

/** base64url(SHA-256(the digests one after the other)). They are ASCII and all of one length. */
export function digestOfRecords(digests: readonly string[], hash: Hash): string {
  const bytes = new Uint8Array(digests.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const digest of digests)
    for (let i = 0; i < digest.length; i += 1, at += 1) bytes[at] = digest.charCodeAt(i);
  return digestOf(bytes, hash);
}
