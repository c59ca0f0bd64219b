import { canonicalBytes } from './bytes.js';

/**
 * "These records, and with them everything acknowledged before `t`, precede me." One chain per partition for
 * ever: `seq` counts up from the genesis (0), `prev` is the digest of the watermark before.
 */
export interface Watermark {
  readonly v: 1;
  readonly installation: string;
  readonly topic: string;
  readonly partition: number;
  /** How many partitions the topic has, so that a follower knows when one is missing. */
  readonly partitions: number;
  readonly epoch: number;
  readonly seq: number;
  /** Digest of the watermark before; null in the genesis. */
  readonly prev: string | null;
  /** RFC 3339 UTC with milliseconds. */
  readonly t: string;
  /** True when the rest of this round follows in the next `seq`; only the last part moves `t`. */
  readonly more: boolean;
  /** Digests of the records that this watermark covers. */
  readonly covers: readonly string[];
  /** Digests among `covers` that the topic cannot carry: fetch them over HTTP. */
  readonly repair: readonly string[];
  /** Every revoked signing key, for ever. */
  readonly kids: readonly string[];
}

export const watermarkBytes = (watermark: Watermark): Uint8Array => canonicalBytes(watermark);

export const watermarkKey = (partition: number): string => `watermark/${partition}`;

/** A message holds at most this many bytes; more goes into the next part. */
export const MAX_WATERMARK_BYTES = 256 * 1024;
