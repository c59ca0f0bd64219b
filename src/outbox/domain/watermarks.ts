import { fromUtf8 } from '../../contract/bytes.js';
import type { Hash } from '../../contract/crypto-types.js';
import { readWatermark } from '../../contract/read.js';
import { digestOf } from '../../contract/signed-message.js';
import { watermarkBytes, type Watermark } from '../../contract/watermark.js';

/** What every watermark of a partition says alike. */
export type ChainName = Pick<
  Watermark,
  'installation' | 'topic' | 'partition' | 'partitions' | 'epoch'
>;

/** One link with its bytes and their name. */
export interface Link {
  readonly partition: number;
  readonly seq: number;
  readonly digest: string;
  readonly value: Uint8Array;
}

/** Which records one link lists. */
export interface Part {
  readonly covers: readonly string[];
  /** Those of `covers` that the topic cannot carry. */
  readonly repair: readonly string[];
}

function link(watermark: Watermark, hash: Hash): Link {
  const value = watermarkBytes(watermark);
  return {
    partition: watermark.partition,
    seq: watermark.seq,
    digest: digestOf(value, hash),
    value,
  };
}

/** The first link: nothing is covered, nothing came before. */
export const genesis = (chain: ChainName, t: Date, hash: Hash): Link =>
  link(
    {
      v: 1,
      ...chain,
      seq: 0,
      prev: null,
      t: t.toISOString(),
      more: false,
      covers: [],
      repair: [],
      kids: [],
    },
    hash,
  );

/** What one link says, from its stored bytes. */
export const readLink = ({ value }: Pick<Link, 'value'>): Watermark =>
  readWatermark(fromUtf8(value));

/** What a link says anew; the count of partitions and the epoch only where they are raised. */
export type Said = Part &
  Pick<Watermark, 't' | 'more' | 'kids'> &
  Partial<Pick<Watermark, 'partitions' | 'epoch'>>;

/** The link after `head`. What it does not say anew stays as the head has it: the chain itself says what it is. */
export function follow(head: Pick<Link, 'digest' | 'value'>, said: Said, hash: Hash): Link {
  const before = readLink(head);
  return link({ ...before, ...said, seq: before.seq + 1, prev: head.digest }, hash);
}

/** Another link in the place of a head that nobody has seen: what it lists stays listed, under the same `seq`. */
export const instead = (
  head: Pick<Link, 'value'>,
  said: Pick<Watermark, 'partitions' | 'epoch' | 'kids'>,
  hash: Hash,
): Link => link({ ...readLink(head), ...said }, hash);

/** Quotes and comma around a digest. */
const PUNCTUATION = 3;
/** Everything but the lists: fixed members, a topic's name, numbers. */
const FRAME_BYTES = 1_024;

/**
 * Cuts a round into parts that fit a message of `maxBytes`, in order. There is always one part; a part without
 * room for a single record still lists one.
 */
export function cutIntoParts(
  covers: readonly string[],
  repair: ReadonlySet<string>,
  room: { readonly kids: readonly string[]; readonly maxBytes: number },
): readonly Part[] {
  const size = (text: string): number => text.length + PUNCTUATION;
  const budget = room.maxBytes - FRAME_BYTES - room.kids.reduce((sum, kid) => sum + size(kid), 0);
  const parts: { covers: string[]; repair: string[] }[] = [{ covers: [], repair: [] }];
  let used = 0;
  for (const digest of covers) {
    const isToRepair = repair.has(digest);
    const needs = size(digest) * (isToRepair ? 2 : 1);
    let part = parts.at(-1);
    if (part === undefined || (used + needs > budget && part.covers.length > 0)) {
      part = { covers: [], repair: [] };
      parts.push(part);
      used = 0;
    }
    used += needs;
    part.covers.push(digest);
    if (isToRepair) part.repair.push(digest);
  }
  return parts;
}
