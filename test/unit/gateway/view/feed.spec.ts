// P3: a view over HTTP is as fresh and as strict as one over Kafka. P4: whichever way records come, the view is the same.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  digestOfRecords,
  snapshotPartBytes,
  type SnapshotPart,
} from '../../../../src/contract/snapshot.js';
import { digestOf, signedBytes } from '../../../../src/contract/signed-message.js';
import { sha256 } from '../../../../src/gateway/crypto/digest.js';
import type { Authentic } from '../../../../src/gateway/view/authenticate.js';
import type { Now } from '../../../../src/gateway/view/now.js';
import { readPart } from '../../../../src/gateway/view/read-part.js';
import { View } from '../../../../src/gateway/view/view.js';
import { Subject } from '../../../../src/gateway/view/subject.js';
import { TopicWriter, type WrittenRecord } from '../../../support/topic-writer.js';

const START = Date.parse('2026-01-01T00:00:00.000Z');
const S = 10_000;
const WINDOW = 3_601_000;
const at = (ms: number): Now => ({ wallMs: START + ms, monotonicMs: 5_000 + ms });
const iso = (ms: number): string => new Date(START + ms).toISOString();
const heard = ({ digest, record }: WrittenRecord): Extract<Authentic, { kind: 'revocation' }> => ({
  kind: 'revocation',
  digest,
  record,
});

/** A service that writes the topic and the feed, and a view that hears what a test lets through. */
class Story {
  readonly writer = new TopicWriter();
  readonly view = new View(
    {
      installation: this.writer.installation,
      topic: this.writer.topic,
      partitions: 1,
      windowMs: WINDOW,
      stalenessMs: S,
      skewMs: 1_000,
    },
    1,
  );

  part(
    tMs: number,
    records: readonly WrittenRecord[],
    fields: Partial<SnapshotPart> = {},
  ): SnapshotPart {
    const from = fields.from ?? null;
    return {
      v: 1,
      installation: this.writer.installation,
      topic: this.writer.topic,
      partitions: 1,
      epoch: 1,
      from,
      to: `1.${tMs}:${tMs}:`,
      prev: null,
      more: false,
      t: iso(tMs),
      since: from === null ? iso(tMs - WINDOW) : null,
      count: records.length,
      records: digestOfRecords(
        records.map(({ digest }) => digest),
        sha256,
      ),
      heads: [],
      kids: [],
      ...fields,
    };
  }

  take(part: SnapshotPart, records: readonly WrittenRecord[], now: Now): string {
    const digest = digestOf(snapshotPartBytes(part), sha256);
    return this.view.takePart({ part, digest }, records.map(heard), now).placed;
  }

  state(now: Now): string {
    const freshness = this.view.freshness(now);
    return freshness.state === 'stale' ? `stale: ${freshness.why}` : freshness.state;
  }
}

const digestOfPart = (part: SnapshotPart): string => digestOf(snapshotPartBytes(part), sha256);

describe('a view over HTTP', () => {
  it('is fresh from its snapshot on, and stale after S without a word', () => {
    const story = new Story();
    expect(story.state(at(0))).toBe('unloaded');
    const record = story.writer.record({ revoked_at: iso(-5) });
    expect(story.take(story.part(0, [record]), [record], at(0))).toBe('reached');
    expect(story.view.least('user', new Subject(record.record.subject))).toBe(1);
    expect([story.state(at(0)), story.state(at(S - 1_000)), story.state(at(S))]).toEqual([
      'fresh',
      'fresh',
      'stale: old',
    ]);
  });

  it('goes on only from where it is, and part by part', () => {
    const story = new Story();
    story.take(story.part(0, []), [], at(0));
    const from = story.view.feedPosition!;
    const [one, two] = [story.writer.record(), story.writer.record()];
    const first = story.part(1_000, [one], { from, more: true });
    const last = story.part(1_000, [two], { from, prev: digestOfPart(first) });
    expect(story.take(last, [two], at(1_000))).toBe('gap');
    expect(story.view.feedPosition).toBe(from);
    expect(story.take(first, [one], at(1_000))).toBe('on-the-way');
    expect(story.view.feedPosition).toBe(from);
    expect(story.take(last, [two], at(1_000))).toBe('reached');
    expect(story.take(story.part(9_000, [], { from }), [], at(9_000))).toBe('gap');
    expect(story.view.feedPosition).toBe(last.to);
  });

  it.each([
    ['does not reach back a whole window', { since: iso(-WINDOW + 1) }, 'gap', 'unloaded'],
    ['is of an epoch that is over', { epoch: 0 }, 'outdated', 'stale: epoch'],
    [
      'claims a time that has not come',
      { t: iso(1_001), since: iso(-WINDOW) },
      'reached',
      'unusable',
    ],
  ] as const)('does not trust a snapshot that %s', (_, fields, placed, state) => {
    const story = new Story();
    expect(story.take(story.part(0, [], fields), [], at(0))).toBe(placed);
    expect(story.state(at(0))).toBe(state);
  });

  it('keeps its memory bounded by the window, as over Kafka', () => {
    const story = new Story();
    const record = story.writer.record({ revoked_at: iso(0) });
    story.take(story.part(0, [record]), [record], at(0));
    expect(story.view.size).toBe(1);
    const later = WINDOW + 120_000;
    story.take(story.part(later, [], { from: story.view.feedPosition }), [], at(later));
    expect(story.view.size).toBe(0);
  });
});

describe('a chain that lacks something', () => {
  const begun = (): Story => {
    const story = new Story();
    story.view.restart(0, -Infinity);
    story.writer.epoch = 1;
    const { digest, watermark } = story.writer.watermark(START);
    story.view.accept(0, [{ kind: 'watermark', digest, watermark }], at(0));
    story.view.reachedEnd(0);
    return story;
  };

  it('is fresh again as soon as the withheld record has come another way', () => {
    const story = begun();
    const withheld = story.writer.record();
    const { digest, watermark } = story.writer.watermark(START + 1_000, [withheld]);
    story.view.accept(0, [{ kind: 'watermark', digest, watermark }], at(1_000));
    expect(story.state(at(1_000))).toBe('stale: incomplete');
    expect(story.view.lacking(10)).toEqual([withheld.digest]);
    story.view.heal(heard(withheld), at(1_100));
    expect(story.state(at(1_100))).toBe('fresh');
    expect(story.view.lacking(10)).toEqual([]);
  });

  it('goes on behind a head of the feed when a watermark is gone for good', () => {
    const story = begun();
    const gone = story.writer.watermark(START + 1_000);
    const { digest, watermark } = story.writer.watermark(START + 2_000);
    story.view.accept(0, [{ kind: 'watermark', digest, watermark }], at(2_000));
    expect(story.view.trouble(0, at(2_000))).toBe('gap');
    const heads = [{ partition: 0, seq: gone.watermark.seq, digest: gone.digest }];
    story.take(story.part(2_000, [], { heads }), [], at(2_000));
    expect(story.view.trouble(0, at(2_000))).toBeNull();
    expect(story.view.topicFreshness(at(2_000)).state).toBe('fresh');
    expect(story.view.positions(at(2_000))).toEqual([{ partition: 0, seq: 2, t: iso(2_000) }]);
  });
});

describe('a part on the wire', () => {
  const story = new Story();
  const record = story.writer.record();
  const ours = { installation: story.writer.installation, topic: story.writer.topic };
  const read = (part: object, records = [record.value.toString()]) => {
    const value = snapshotPartBytes(part as SnapshotPart);
    const { kid, signature } = story.writer.keys.sign(signedBytes('snapshot', value));
    const text = Buffer.from(value).toString();
    const message = { type: 'snapshot', kid, signature, value, text };
    const outcome = readPart(
      { records, message, ours },
      { verify: story.writer.keys.verify, hash: sha256 },
    );
    return 'refused' in outcome ? outcome.refused : outcome.records.length;
  };
  const good = story.part(0, [record]);

  it('is read when its records are exactly those it vouches for', () => {
    expect(read(good)).toBe(1);
  });

  it.each([
    ['of a later format', 'newer', { v: 2 }],
    ['of another installation', 'foreign', { installation: 'another' }],
    ['of another topic', 'foreign', { topic: 'another' }],
    ['of another count', 'records', { count: 2 }],
    ['of no format', 'unreadable', { v: 'x' }],
    ['without a position', 'unreadable', { to: '' }],
  ])('is refused when it is %s, though it is signed', (_, why, fields) => {
    expect(read({ ...good, ...fields })).toBe(why);
  });

  it('is refused with a record too many, too few, or another one', () => {
    const text = record.value.toString();
    const other = story.writer.record().value.toString();
    for (const records of [[], [text, text], [other]]) expect(read(good, records)).toBe('records');
  });
});

it('topic and feed lead to the same view, in whatever order records come', () => {
  const generated = fc.array(
    fc.record({
      subject: fc.integer({ min: 0, max: 5 }),
      generation: fc.integer({ min: 1, max: 9 }),
    }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(generated, fc.integer({ min: 1, max: 7 }), (said, step) => {
      const [topic, feed] = [new Story(), new Story()];
      const records = said.map(({ subject, generation }) =>
        topic.writer.record({ subject: `user ${subject}`, generation, revoked_at: iso(0) }),
      );
      topic.view.restart(0, -Infinity);
      topic.writer.epoch = 1;
      const { digest, watermark } = topic.writer.watermark(START, []);
      topic.view.accept(
        0,
        [{ kind: 'watermark', digest, watermark }, ...records.map(heard)],
        at(0),
      );
      const backwards = [...records].reverse();
      feed.take(feed.part(0, backwards.slice(0, step)), backwards.slice(0, step), at(0));
      for (let i = step; i < backwards.length; i += step) {
        const some = backwards.slice(i, i + step);
        feed.take(feed.part(i, some, { from: feed.view.feedPosition }), some, at(i));
      }
      for (let i = 0; i <= 5; i += 1)
        expect(feed.view.least('user', new Subject(`user ${i}`))).toBe(
          topic.view.least('user', new Subject(`user ${i}`)),
        );
      expect(feed.view.size).toBe(topic.view.size);
    }),
  );
});
