import { canonicalBytes } from './bytes.js';

/** A gateway process's signed statement of what it has applied. */
export interface Receipt {
  readonly v: 1;
  /** The gateway's id; also the message's key. */
  readonly gateway: string;
  /** The process: a new UUID at each start. */
  readonly boot: string;
  /** RFC 3339 UTC with milliseconds, the gateway's clock. */
  readonly at: string;
  /** Digests applied since the last receipt. */
  readonly applied: readonly string[];
  /** For each partition the last watermark whose records have all been applied. */
  readonly partitions: readonly {
    readonly partition: number;
    readonly seq: number;
    readonly t: string;
  }[];
}

export const receiptBytes = (receipt: Receipt): Uint8Array => canonicalBytes(receipt);
