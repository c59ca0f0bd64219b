import type { Hash, Verify } from '../contract/crypto-types.js';
import { MessageRefused, readRecord, readWatermark } from '../contract/read.js';
import type { RevocationRecord } from '../contract/revocation-record.js';
import { digestOf, signedBytes } from '../contract/signed-message.js';
import { HEADER } from '../contract/topics.js';
import type { Watermark } from '../contract/watermark.js';
import { fromUtf8 } from '../contract/bytes.js';
import type { LogEnds, LoggedMessage } from '../platform/kafka/read-log.js';
import type { Link } from './domain/watermarks.js';

/** A record as the topic has it. */
export interface RememberedRecord {
  readonly digest: string;
  readonly record: RevocationRecord;
  readonly value: Uint8Array;
  readonly partition: number;
  readonly offset: number;
  readonly storedAt: Date;
}

/** The newest link of a partition, by epoch and seq. */
export interface RememberedHead extends Link {
  readonly watermark: Watermark;
}

/** Which watermark lists a record. */
export interface RememberedCover {
  readonly digest: string;
  readonly partition: number;
  readonly seq: number;
}

export interface MemoryParts {
  readonly installation: string;
  readonly topic: string;
  readonly verify: Verify;
  readonly hash: Hash;
}

/** What the topic says of an installation: only what its record keys have signed. */
export class TopicMemory {
  readonly #parts: MemoryParts;
  readonly records = new Map<string, RememberedRecord>();
  readonly heads = new Map<number, RememberedHead>();
  readonly covers: RememberedCover[] = [];
  /** When the broker stored the first message that is still there, by partition. */
  readonly #oldest = new Map<number, Date>();

  constructor(parts: MemoryParts) {
    this.#parts = parts;
  }

  /** Takes a message in; one that is none of ours changes nothing. */
  take(message: LoggedMessage): void {
    const { verify, hash } = this.#parts;
    const { headers, value, partition, storedAt } = message;
    if (!this.#oldest.has(partition)) this.#oldest.set(partition, storedAt);
    const type = headers[HEADER.type];
    if (type !== 'revocation' && type !== 'watermark') return;
    const signature = Buffer.from(headers[HEADER.signature] ?? '', 'base64url');
    if (!verify(headers[HEADER.kid] ?? '', signedBytes(type, value), signature)) return;
    try {
      if (type === 'watermark') this.#link(partition, value);
      else {
        const digest = digestOf(value, hash);
        const { offset } = message;
        const record = readRecord(fromUtf8(value));
        if (!this.records.has(digest))
          this.records.set(digest, { digest, record, value, partition, offset, storedAt });
      }
    } catch (error) {
      // Signed by us in a form that this version does not know.
      if (!(error instanceof MessageRefused)) throw error;
    }
  }

  /**
   * Whether everything that was said on a partition after `since` is still there.
   *
   * @param ends as the reading found them
   */
  reachesBack(partition: number, since: Date, ends: readonly LogEnds[]): boolean {
    const end = ends.find((one) => one.partition === partition);
    if (end === undefined) return false;
    if (end.low === 0) return true;
    const oldest = this.#oldest.get(partition);
    return oldest !== undefined && oldest <= since;
  }

  #link(partition: number, value: Uint8Array): void {
    const { installation, topic, hash } = this.#parts;
    const watermark = readWatermark(fromUtf8(value));
    const isOurs =
      watermark.installation === installation &&
      watermark.topic === topic &&
      watermark.partition === partition;
    if (!isOurs) return;
    const { seq } = watermark;
    for (const digest of watermark.covers) this.covers.push({ digest, partition, seq });
    const head = { partition, seq, digest: digestOf(value, hash), value, watermark };
    const known = this.heads.get(partition);
    if (known === undefined || isNewer(watermark, known.watermark)) this.heads.set(partition, head);
  }
}

/** Whether the first of two links stands behind the other: a later epoch, or further along in the same one. */
export const isNewer = (
  one: Pick<Watermark, 'epoch' | 'seq'>,
  other: Pick<Watermark, 'epoch' | 'seq'>,
): boolean => one.epoch > other.epoch || (one.epoch === other.epoch && one.seq > other.seq);
