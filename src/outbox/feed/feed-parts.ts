import type { Hash, Sign } from '../../contract/crypto-types.js';
import { partEvent, recordEvent } from '../../contract/feed-events.js';
import { fromUtf8 } from '../../contract/bytes.js';
import { digestOf, signedHeaders } from '../../contract/signed-message.js';
import { digestOfRecords, snapshotPartBytes, type SnapshotPart } from '../../contract/snapshot.js';
import { HEADER } from '../../contract/topics.js';
import { positionText } from '../domain/feed-position.js';
import type { FeedPage } from '../postgres/find-feed-records.js';
import type { Sight } from '../postgres/look-at-feed.js';

export interface PartsOf {
  readonly installation: string;
  readonly topic: string;
  readonly sign: Sign;
  readonly hash: Hash;
}

/** Where the parts lead from and to. */
export interface Way {
  /** Null: everything since `since`. */
  readonly from: string | null;
  readonly since: Date | null;
  readonly to: Sight;
}

/** Writes one way from a position to another, part by part. */
export class FeedParts {
  readonly #parts: PartsOf;
  readonly #way: Way;
  #prev: string | null = null;

  constructor(parts: PartsOf, way: Way) {
    this.#parts = parts;
    this.#way = way;
  }

  /** The last part is the one with nothing behind it; there always is one, be it empty. */
  write({ digests, values, after }: FeedPage): string {
    const more = after !== null;
    const { installation, topic, sign, hash } = this.#parts;
    const { from, since, to } = this.#way;
    const part: SnapshotPart = {
      v: 1,
      installation,
      topic,
      partitions: to.partitions,
      epoch: to.epoch,
      from,
      to: positionText(to),
      prev: this.#prev,
      more,
      t: to.t.toISOString(),
      since: since?.toISOString() ?? null,
      count: digests.length,
      records: digestOfRecords(digests, hash),
      heads: to.heads,
      kids: to.kids,
    };
    const value = snapshotPartBytes(part);
    this.#prev = digestOf(value, hash);
    const headers = signedHeaders('snapshot', value, sign);
    const signed = {
      kid: headers[HEADER.kid] ?? '',
      signature: headers[HEADER.signature] ?? '',
    };
    const before = values.map(recordEvent).join('');
    return before + partEvent(fromUtf8(value), signed, more ? null : part.to);
  }
}
