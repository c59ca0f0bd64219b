// P3: bounded staleness; P4: nothing is lost, nothing is undone.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Authentic } from '../../../../src/gateway/view/authenticate.js';
import type { Now } from '../../../../src/gateway/view/now.js';
import { View, type ViewAlarm } from '../../../../src/gateway/view/view.js';
import { Subject } from '../../../../src/gateway/view/subject.js';
import {
  TopicWriter,
  type WrittenRecord,
  type WrittenWatermark,
} from '../../../support/topic-writer.js';

const START = Date.parse('2026-01-01T00:00:00.000Z');
const S = 10_000;
const SKEW = 1_000;
const WINDOW = 3_601_000;

const at = (ms: number): Now => ({ wallMs: START + ms, monotonicMs: 5_000 + ms });
const authentic = (written: WrittenRecord | WrittenWatermark): Authentic =>
  'record' in written
    ? { kind: 'revocation', digest: written.digest, record: written.record }
    : { kind: 'watermark', digest: written.digest, watermark: written.watermark };

/** One partition, one writer, and a gateway that hears what it is told. */
class Story {
  readonly writer: TopicWriter;
  readonly view: View;

  constructor(options: { partitions?: number; epoch?: number } = {}) {
    this.writer = new TopicWriter({ partitions: options.partitions ?? 1 });
    this.view = new View(
      {
        installation: this.writer.installation,
        topic: this.writer.topic,
        partitions: this.writer.partitions,
        windowMs: WINDOW,
        stalenessMs: S,
        skewMs: SKEW,
      },
      options.epoch ?? 0,
    );
  }

  hear(now: Now, ...written: readonly (WrittenRecord | WrittenWatermark)[]): readonly ViewAlarm[] {
    return this.view.accept(0, written.map(authentic), now).alarms;
  }

  /** A view that has read an installation's log from its genesis and is up to date at 0 ms. */
  static fresh(): Story {
    const story = new Story();
    story.view.restart(0, -Infinity);
    story.hear(at(0), story.writer.watermark(START));
    story.view.reachedEnd(0);
    return story;
  }

  state(now: Now): string {
    const freshness = this.view.freshness(now);
    return freshness.state === 'stale' ? `stale: ${freshness.why}` : freshness.state;
  }
}

describe('a partition whose log is made anew', () => {
  const LATER = 60_000;

  /** Up to date at a minute, on an anchor that nobody will find again. */
  function standing(): Story {
    const story = Story.fresh();
    story.hear(at(LATER), story.writer.watermark(START + LATER));
    return story;
  }

  it('is fresh again with the next link of the chain, without waiting for an old anchor', () => {
    const story = standing();
    story.view.restart(0, -Infinity);
    expect(story.state(at(LATER + S))).toBe('stale: catching-up');
    story.hear(at(LATER + S), story.writer.watermark(START + LATER + S));
    expect([story.state(at(LATER + S)), story.view.trouble(0, at(LATER + S))]).toEqual([
      'fresh',
      null,
    ]);
  });

  it('is fresh again when the stored head is sent once more, and goes on from there', () => {
    const story = standing();
    const head = story.writer.watermark(START + LATER + 1);
    story.hear(at(LATER + 1), head);
    story.view.restart(0, -Infinity);
    story.view.restart(0, -Infinity);
    story.hear(at(LATER + 2), head);
    expect(story.state(at(LATER + 2))).toBe('fresh');
    story.hear(at(LATER + S), story.writer.watermark(START + LATER + S));
    expect(story.state(at(LATER + S))).toBe('fresh');
  });

  it('demands what the next link lists, though the log may have lost it', () => {
    const story = standing();
    const record = story.writer.record({ generation: 2 });
    story.view.restart(0, -Infinity);
    story.hear(at(LATER + S), story.writer.watermark(START + LATER + S, [record]));
    expect(story.state(at(LATER + S))).not.toBe('fresh');
    expect(story.view.lacking(9)).toEqual([record.digest]);
    story.hear(at(LATER + S), record);
    expect(story.state(at(LATER + S))).toBe('fresh');
  });

  it('is not fresh when a link was lost with the log', () => {
    const story = standing();
    story.view.restart(0, -Infinity);
    story.writer.watermark(START + LATER + 1);
    story.hear(at(LATER + S), story.writer.watermark(START + LATER + S));
    expect(story.state(at(LATER + S))).not.toBe('fresh');
    expect(story.view.trouble(0, at(LATER + S))).toBe('young');
  });

  it.each(['a gap', 'a record that had not come'])(
    'is not fresh when there was %s before it',
    (what) => {
      const story = standing();
      const record = story.writer.record({ generation: 2 });
      if (what === 'a gap') story.writer.watermark(START + LATER + 1);
      const listed = what === 'a gap' ? [] : [record];
      story.hear(at(LATER + 2), story.writer.watermark(START + LATER + 2, listed));
      story.view.restart(0, -Infinity);
      story.hear(at(LATER + S), story.writer.watermark(START + LATER + S));
      expect(story.state(at(LATER + S))).not.toBe('fresh');
    },
  );

  it('is no younger and no older than its anchor: one that is not old enough stays so', () => {
    const story = new Story();
    Object.assign(story.writer, { seq: 41, prev: 'the one before' });
    story.view.restart(0, START - WINDOW);
    story.hear(at(0), story.writer.watermark(START - 60_000));
    story.view.restart(0, -Infinity);
    story.hear(at(0), story.writer.watermark(START));
    expect(story.state(at(0))).toBe('unloaded');
    const later = WINDOW + S - 60_000 + 1;
    story.hear(at(later), story.writer.watermark(START + later));
    expect(story.state(at(later))).toBe('fresh');
  });

  it('takes no link of a lower epoch for the next one', () => {
    const story = new Story({ epoch: 1 });
    story.writer.epoch = 1;
    story.view.restart(0, -Infinity);
    story.hear(at(0), story.writer.watermark(START));
    story.view.restart(0, -Infinity);
    story.writer.epoch = 0;
    story.hear(at(1), story.writer.watermark(START + 1));
    expect(story.state(at(1))).not.toBe('fresh');
  });
});

describe('a view at its start', () => {
  it('is unloaded until it has read anything', () => {
    const { view } = new Story();
    expect(view.freshness(at(0))).toEqual({ state: 'unloaded' });
  });

  it('is fresh from the genesis on, however young', () => {
    expect(Story.fresh().state(at(0))).toBe('fresh');
  });

  const anchored = (anchorAgeMs: number, soughtAgeMs: number): Story => {
    const story = new Story();
    Object.assign(story.writer, { seq: 41, prev: 'the one before' });
    story.view.restart(0, START - soughtAgeMs);
    story.hear(at(0), story.writer.watermark(START - anchorAgeMs));
    story.hear(at(0), story.writer.watermark(START));
    return story;
  };

  it('is ready on an anchor that is older than the window and S', () => {
    expect(anchored(WINDOW + S + 1, WINDOW + S + 10_000).state(at(0))).toBe('fresh');
  });

  it('is not ready on a younger one, and asks for what lies further back', () => {
    const story = anchored(WINDOW + S, WINDOW + S + 10_000);
    expect(story.state(at(0))).toBe('unloaded');
    expect(story.view.trouble(0, at(0))).toBe('young');
  });

  it('becomes ready when its anchor has grown old enough', () => {
    const story = anchored(WINDOW + S, WINDOW + S + 10_000);
    expect(story.state(at(1))).toBe('fresh');
    expect(story.view.trouble(0, at(1))).toBeNull();
  });

  it('is not ready any more when the clock by which its anchor was old has been set right', () => {
    const aheadMs = 1_800_000;
    const story = new Story();
    Object.assign(story.writer, { seq: 41, prev: 'the one before' });
    story.view.restart(0, START + aheadMs - WINDOW - S - 10_000);
    story.hear(at(aheadMs), story.writer.watermark(START + aheadMs - WINDOW - S - 5_000));
    story.hear(at(aheadMs), story.writer.watermark(START));
    story.view.reachedEnd(0);
    expect(story.state(at(aheadMs))).toBe('stale: old');

    story.hear(at(0), story.writer.watermark(START + 1));
    expect(story.state(at(1))).toBe('stale: catching-up');
    expect(story.view.trouble(0, at(1))).toBe('young');
  });

  it('asks for what lies further back when it sought the future by a clock that was ahead', () => {
    const story = new Story();
    Object.assign(story.writer, { seq: 41, prev: 'the one before' });
    story.view.restart(0, START + 7_200_000 - WINDOW - S - 10_000);
    story.hear(at(7_200_000), story.writer.watermark(START));
    expect(story.view.trouble(0, at(7_200_000))).toBeNull();

    story.hear(at(1_000), story.writer.watermark(START + 1_000));
    expect(story.view.trouble(0, at(1_000))).toBe('young');
  });

  it('does not anchor on a watermark that is no later than the time it sought and the skew', () => {
    const sought = WINDOW + S + 10_000;
    const story = new Story();
    Object.assign(story.writer, { seq: 41, prev: 'the one before' });
    story.view.restart(0, START - sought);
    story.hear(at(0), story.writer.watermark(START - sought + SKEW));
    expect(story.view.trouble(0, at(0))).toBeNull();
    expect(story.state(at(0))).toBe('unloaded');
    // The next one is the anchor: what it lists may lie before the time that was sought.
    const before = story.writer.record();
    story.hear(at(0), story.writer.watermark(START - sought + SKEW + 1, [before]));
    expect(story.view.trouble(0, at(0))).toBeNull();
    story.hear(at(0), story.writer.watermark(START));
    expect(story.state(at(0))).toBe('fresh');
  });

  it('does not require the records that its anchor lists', () => {
    const story = new Story();
    Object.assign(story.writer, { seq: 41, prev: 'the one before' });
    const before = story.writer.record();
    story.view.restart(0, START - WINDOW - S - 10_000);
    story.hear(at(0), story.writer.watermark(START - WINDOW - S - 1, [before]));
    story.hear(at(0), story.writer.watermark(START));
    expect(story.state(at(0))).toBe('fresh');
  });

  it('does not anchor on a part whose round goes on', () => {
    const story = new Story();
    Object.assign(story.writer, { seq: 41, prev: 'the one before' });
    story.view.restart(0, START - WINDOW - S - 10_000);
    const t = START - WINDOW - S - 1;
    story.hear(at(0), story.writer.watermark(t, [story.writer.record()], { more: true }));
    story.hear(at(0), story.writer.watermark(t, [story.writer.record()]));
    story.hear(at(0), story.writer.watermark(START));
    expect(story.state(at(0))).toBe('fresh');
  });

  it('is not fresh while one of its partitions has said nothing', () => {
    const story = new Story({ partitions: 2 });
    story.view.restart(0, -Infinity);
    story.view.restart(1, -Infinity);
    story.hear(at(0), story.writer.watermark(START));
    expect(story.state(at(0))).toBe('unloaded');
    const other = new TopicWriter({
      installation: story.writer.installation,
      partition: 1,
      partitions: 2,
    });
    story.view.accept(1, [authentic(other.watermark(START))], at(0));
    expect(story.state(at(0))).toBe('fresh');
  });

  it('is loaded but stale when the log ends long ago', () => {
    const story = new Story();
    story.view.restart(0, -Infinity);
    story.hear(at(0), story.writer.watermark(START - 60_000));
    expect(story.state(at(0))).toBe('unloaded');
    story.view.reachedEnd(0);
    expect(story.view.freshness(at(0))).toEqual({ state: 'stale', ageMs: 61_000, why: 'old' });
  });
});

describe('the age of a view', () => {
  it('is the time since T and the skew, and fresh up to S', () => {
    const story = Story.fresh();
    expect(story.view.freshness(at(S - SKEW))).toEqual({ state: 'fresh', ageMs: S });
    expect(story.view.freshness(at(S - SKEW + 1))).toMatchObject({ state: 'stale', why: 'old' });
  });

  it('grows by the monotonic clock when the wall clock is set back', () => {
    const story = Story.fresh();
    const now: Now = { wallMs: START - 3_600_000, monotonicMs: 5_000 + S };
    expect(story.view.freshness(now)).toEqual({ state: 'stale', ageMs: S + SKEW, why: 'old' });
  });

  it('grows by the wall clock when the monotonic clock stood still', () => {
    const story = Story.fresh();
    const now: Now = { wallMs: START + S, monotonicMs: 5_000 };
    expect(story.view.freshness(now)).toEqual({ state: 'stale', ageMs: S + SKEW, why: 'old' });
  });

  it('is that of the oldest partition', () => {
    const story = new Story({ partitions: 2 });
    const other = new TopicWriter({
      installation: story.writer.installation,
      partition: 1,
      partitions: 2,
    });
    story.view.restart(0, -Infinity);
    story.view.restart(1, -Infinity);
    story.hear(at(0), story.writer.watermark(START));
    story.view.accept(1, [authentic(other.watermark(START))], at(0));
    story.hear(at(8_000), story.writer.watermark(START + 8_000));
    expect(story.view.freshness(at(9_000))).toEqual({ state: 'fresh', ageMs: 10_000 });
    expect(story.state(at(9_001))).toBe('stale: old');
  });

  it('says nothing when T lies in the future: the view is unusable until a sound one comes', () => {
    const story = Story.fresh();
    const alarms = story.hear(at(1_000), story.writer.watermark(START + 2_001));
    expect(alarms).toEqual(['future']);
    expect(story.state(at(1_000))).toBe('unusable');
    expect(story.state(at(60_000))).toBe('unusable'); // the claim does not come true by waiting
    story.hear(at(60_000), story.writer.watermark(START + 60_000));
    expect(story.state(at(60_000))).toBe('fresh');
  });

  it('accepts a T that is ahead by no more than the skew', () => {
    const story = Story.fresh();
    expect(story.hear(at(1_000), story.writer.watermark(START + 2_000))).toEqual([]);
    expect(story.view.freshness(at(1_000))).toEqual({ state: 'fresh', ageMs: 0 });
  });
});

describe('a chain of watermarks', () => {
  it('finds a withheld record with the next watermark', () => {
    const story = Story.fresh();
    const withheld = story.writer.record();
    story.hear(at(1_000), story.writer.watermark(START + 1_000, [withheld]));
    expect(story.state(at(1_000))).toBe('stale: incomplete');
    expect(story.view.trouble(0, at(1_000))).toBe('missing');
    expect(story.view.least('user', new Subject(withheld.record.subject))).toBe(0);
  });

  it('is whole again when the record comes late', () => {
    const story = Story.fresh();
    const late = story.writer.record();
    story.hear(at(1_000), story.writer.watermark(START + 1_000, [late]));
    story.hear(at(1_500), late);
    expect(story.view.freshness(at(1_500))).toEqual({ state: 'fresh', ageMs: 1_500 });
    expect(story.view.least('user', new Subject(late.record.subject))).toBe(1);
  });

  it('does not move T behind a watermark that lacks a record', () => {
    const story = Story.fresh();
    story.hear(at(1_000), story.writer.watermark(START + 1_000, [story.writer.record()]));
    story.hear(at(9_500), story.writer.watermark(START + 9_500));
    expect(story.view.freshness(at(9_500))).toMatchObject({ state: 'stale', ageMs: 10_500 });
  });

  it('moves T only with the last part of a round', () => {
    const story = Story.fresh();
    const [a, b] = [story.writer.record(), story.writer.record()];
    story.hear(at(5_000), a, b, story.writer.watermark(START + 5_000, [a], { more: true }));
    expect(story.view.freshness(at(5_000))).toEqual({ state: 'fresh', ageMs: 6_000 });
    expect(story.view.positions(at(5_000))[0]).toMatchObject({ seq: 1 });
    story.hear(at(5_000), story.writer.watermark(START + 5_000, [b]));
    expect(story.view.freshness(at(5_000))).toEqual({ state: 'fresh', ageMs: 1_000 });
  });

  it('is broken by a watermark that is missing, and mended when it comes', () => {
    const story = Story.fresh();
    const [second, third] = [1_000, 2_000].map((ms) => story.writer.watermark(START + ms));
    story.hear(at(2_000), third!);
    expect(story.state(at(2_000))).toBe('stale: incomplete');
    expect(story.view.trouble(0, at(2_000))).toBe('gap');
    story.hear(at(2_500), second!);
    expect(story.view.freshness(at(2_500))).toEqual({ state: 'fresh', ageMs: 1_500 });
    expect(story.view.trouble(0, at(2_500))).toBeNull();
  });

  it('is broken by a watermark that follows another one than ours', () => {
    const story = Story.fresh();
    const alarms = story.hear(
      at(1_000),
      story.writer.watermark(START + 1_000, [], { prev: 'another history' }),
    );
    expect(alarms).toEqual(['conflict']);
    expect(story.state(at(1_000))).toBe('stale: incomplete');
    expect(story.view.trouble(0, at(1_000))).toBe('gap');
  });

  it.each([
    ['installation', { installation: 'another' }],
    ['topic', { topic: 'another' }],
    ['partition', { partition: 1 }],
    ['count of partitions', { partitions: 2 }],
  ])('takes no watermark of another %s', (_, fields) => {
    const story = Story.fresh();
    const foreign = story.writer.watermark(START + 5_000, [], { ...fields, kids: ['k'] });
    expect(story.hear(at(5_000), foreign)).toEqual(['foreign']);
    expect(story.view.freshness(at(5_000))).toEqual({ state: 'fresh', ageMs: 6_000 });
    expect(story.view.isKidRevoked('k')).toBe(false);
  });

  it('goes on over a raise of the count: what was said under the smaller one stays true', () => {
    const story = new Story({ partitions: 2 });
    story.view.restart(0, -Infinity);
    story.view.restart(1, -Infinity);
    const added = new TopicWriter({
      installation: story.writer.installation,
      partition: 1,
      partitions: 2,
    });
    story.hear(at(0), story.writer.watermark(START, [], { partitions: 1 }));
    expect(story.state(at(0))).toBe('unloaded');
    story.view.accept(1, [authentic(added.watermark(START))], at(0));
    for (const partition of [0, 1]) story.view.reachedEnd(partition);
    story.hear(at(1_000), story.writer.watermark(START + 1_000));
    story.view.accept(1, [authentic(added.watermark(START + 1_000))], at(1_000));
    expect(story.view.freshness(at(1_000))).toEqual({ state: 'fresh', ageMs: 1_000 });
  });

  it('is not harmed by repeats, of the newest watermark or of old ones', () => {
    const story = Story.fresh();
    const record = story.writer.record();
    const marks = [1_000, 2_000, 3_000].map((ms, i) =>
      story.writer.watermark(START + ms, i === 1 ? [record] : []),
    );
    story.hear(at(3_000), marks[0]!, record, marks[1]!, marks[2]!);
    expect(story.hear(at(3_000), record, marks[0]!, marks[1]!, marks[1]!, marks[2]!)).toEqual([]);
    expect(story.view.freshness(at(3_000))).toEqual({ state: 'fresh', ageMs: 1_000 });
  });

  it('ignores a lower epoch', () => {
    const story = Story.fresh();
    story.writer.epoch = 2;
    story.hear(at(1_000), story.writer.watermark(START + 1_000));
    const alarms = story.hear(at(5_000), story.writer.watermark(START + 5_000, [], { epoch: 1 }));
    expect(alarms).toEqual(['outdated']);
    expect(story.view.freshness(at(5_000))).toEqual({ state: 'fresh', ageMs: 5_000 });
  });

  it('follows a higher epoch that takes over before the last watermark of the old one', () => {
    const story = Story.fresh();
    const { seq, prev } = story.writer;
    const zombie = story.writer.watermark(START + 1_000, [story.writer.record()]);
    Object.assign(story.writer, { seq, prev, epoch: 1 });
    const successor = story.writer.watermark(START + 2_000);
    story.hear(at(2_000), zombie);
    expect(story.hear(at(2_000), successor)).toEqual([]);
    expect(story.view.freshness(at(2_000))).toEqual({ state: 'fresh', ageMs: 1_000 });
  });

  it('reports two watermarks of one epoch in one place', () => {
    const story = Story.fresh();
    const { seq, prev } = story.writer;
    const one = story.writer.watermark(START + 1_000);
    Object.assign(story.writer, { seq, prev });
    const other = story.writer.watermark(START + 1_001);
    expect(story.hear(at(1_000), one, other)).toEqual(['conflict']);
    expect(story.state(at(1_000))).toBe('stale: incomplete');
  });

  it('keeps nothing fresh in an epoch below the one that the service names', () => {
    const story = Story.fresh();
    story.view.raiseEpoch(1);
    story.hear(at(1_000), story.writer.watermark(START + 1_000));
    expect(story.state(at(1_000))).toBe('stale: epoch');
    story.writer.epoch = 1;
    story.hear(at(2_000), story.writer.watermark(START + 2_000));
    expect(story.state(at(2_000))).toBe('fresh');
  });

  it('asks for no second reading of what the topic cannot carry', () => {
    const story = Story.fresh();
    const lost = story.writer.record();
    const alarms = story.hear(
      at(1_000),
      story.writer.watermark(START + 1_000, [lost], { repair: [lost.digest] }),
    );
    expect(alarms).toEqual(['repair']);
    expect(story.state(at(1_000))).toBe('stale: incomplete');
    expect(story.view.trouble(0, at(1_000))).toBe('repair');
    expect(story.view.toRepair).toEqual([lost.digest]);
  });

  it('tells its position only as far as all records have been applied', () => {
    const story = Story.fresh();
    const record = story.writer.record();
    const mark = story.writer.watermark(START + 1_000, [record]);
    story.hear(at(1_000), mark);
    expect(story.view.positions(at(1_000))).toEqual([
      { partition: 0, seq: 0, t: new Date(START).toISOString() },
    ]);
    story.hear(at(1_000), record);
    expect(story.view.positions(at(1_000))).toEqual([
      { partition: 0, seq: 1, t: mark.watermark.t },
    ]);
  });
});

describe('a view whose partition is read again', () => {
  it('stays stale until it has come as far as it was, and then is fresh', () => {
    const story = Story.fresh();
    const genesis = { seq: story.writer.seq, prev: story.writer.prev };
    const withheld = story.writer.record();
    const mark = story.writer.watermark(START + 1_000, [withheld]);
    story.hear(at(1_000), mark);
    story.view.restart(0, -Infinity);
    expect(story.state(at(1_500))).toBe('stale: catching-up');
    Object.assign(story.writer, { seq: -1, prev: null });
    const again = story.writer.watermark(START);
    expect(again.digest).toBe(genesis.prev);
    story.hear(at(1_500), again);
    expect(story.state(at(1_500))).toBe('stale: incomplete');
    story.hear(at(1_500), withheld, mark);
    expect(story.view.freshness(at(1_500))).toEqual({ state: 'fresh', ageMs: 1_500 });
  });

  it('keeps every generation and its age', () => {
    const story = Story.fresh();
    const record = story.writer.record({ generation: 4 });
    story.hear(at(1_000), record, story.writer.watermark(START + 1_000, [record]));
    story.view.restart(0, START);
    expect(story.view.least('user', new Subject(record.record.subject))).toBe(4);
    expect(story.view.freshness(at(2_000))).toEqual({
      state: 'stale',
      ageMs: 2_000,
      why: 'catching-up',
    });
  });

  it('is not called unloaded again', () => {
    const story = Story.fresh();
    story.view.restart(0, START);
    expect(story.state(at(3_600_000))).toBe('stale: catching-up');
  });
});

describe('what a view remembers', () => {
  it('lets revocations go that are older than the window by the primary’s clock', () => {
    const story = Story.fresh();
    const record = story.writer.record({ revoked_at: new Date(START).toISOString() });
    story.hear(at(0), record, story.writer.watermark(START + 500, [record]));
    story.hear(at(WINDOW), story.writer.watermark(START + WINDOW - 1));
    expect(story.view.least('user', new Subject(record.record.subject))).toBe(1);
    story.hear(at(WINDOW + 120_000), story.writer.watermark(START + WINDOW + 120_000));
    expect(story.view.least('user', new Subject(record.record.subject))).toBe(0);
    expect(story.view.size).toBe(0);
  });

  it('lets nothing go because the gateway’s own clock or a future T says so', () => {
    const story = Story.fresh();
    const record = story.writer.record({ revoked_at: new Date(START).toISOString() });
    story.hear(at(0), record, story.writer.watermark(START + 500, [record]));
    story.hear(at(2 * WINDOW), story.writer.watermark(START + 1_000));
    story.hear(at(1_000), story.writer.watermark(START + 3 * WINDOW));
    expect(story.view.least('user', new Subject(record.record.subject))).toBe(1);
  });

  it('never lets a revoked key go, whether a record or a watermark named it', () => {
    const story = Story.fresh();
    const record = story.writer.record({ scope: 'kid', subject: 'a' });
    story.hear(at(0), record, story.writer.watermark(START + 500, [record], { kids: ['b'] }));
    story.hear(at(3 * WINDOW), story.writer.watermark(START + 3 * WINDOW));
    expect(story.view.isKidRevoked('a')).toBe(true);
    expect(story.view.isKidRevoked('b')).toBe(true);
    expect(story.view.isKidRevoked('c')).toBe(false);
  });

  it('keeps foreign subjects apart by organization', () => {
    const story = Story.fresh();
    story.hear(
      at(0),
      story.writer.record({ scope: 'ext', org: 'a', subject: 's', not_before: 77 }),
      story.writer.record({ scope: 'ext', org: 'a', subject: 's', not_before: 70 }),
    );
    expect(story.view.notBefore('a', 's')).toBe(77);
    expect(story.view.notBefore('b', 's')).toBe(0);
  });

  it('keeps apart the same id in two scopes, and knows __proto__ as a subject', () => {
    const story = Story.fresh();
    story.hear(
      at(0),
      story.writer.record({ scope: 'device', subject: '__proto__', generation: 3 }),
    );
    expect(story.view.least('device', new Subject('__proto__'))).toBe(3);
    expect(story.view.least('user', new Subject('__proto__'))).toBe(0);
    expect(story.view.least('user', new Subject('constructor'))).toBe(0);
  });
});

describe('any order of delivery', () => {
  const SUBJECTS = ['a', 'b', 'c'];
  const rounds = fc.array(
    fc.array(fc.tuple(fc.constantFrom(...SUBJECTS), fc.nat(50)), { maxLength: 4 }),
    { minLength: 1, maxLength: 6 },
  );

  it('ends in the same view, with repeats and late comers', () => {
    fc.assert(
      fc.property(rounds, fc.infiniteStream(fc.nat()), (list, dice) => {
        const story = Story.fresh();
        const messages: (WrittenRecord | WrittenWatermark)[] = [];
        list.forEach((changes, i) => {
          const records = changes.map(([subject, generation]) =>
            story.writer.record({
              subject,
              generation,
              revoked_at: new Date(START + i * 1_000).toISOString(),
            }),
          );
          messages.push(...records, story.writer.watermark(START + (i + 1) * 1_000, records));
        });
        const next = (): number => dice.next().value;
        const delivered = [...messages, ...messages.filter(() => next() % 3 === 0)]
          .map((message) => [next(), message] as const)
          .sort(([one], [other]) => one - other);
        const now = at(list.length * 1_000);
        for (const [, message] of delivered) {
          const before = SUBJECTS.map((subject) => story.view.least('user', new Subject(subject)));
          story.hear(now, message);
          SUBJECTS.forEach((subject, i) => {
            expect(story.view.least('user', new Subject(subject))).toBeGreaterThanOrEqual(
              before[i]!,
            );
          });
        }
        for (const subject of SUBJECTS) {
          const said = list.flat().filter(([name]) => name === subject);
          expect(story.view.least('user', new Subject(subject))).toBe(
            Math.max(0, ...said.map(([, g]) => g)),
          );
        }
        expect(story.view.freshness(now)).toEqual({ state: 'fresh', ageMs: SKEW });
        expect(story.view.positions(now)).toEqual([
          {
            partition: 0,
            seq: list.length,
            t: new Date(START + list.length * 1_000).toISOString(),
          },
        ]);
      }),
    );
  });

  it('is never called fresh beyond what has been applied, when anything may be lost', () => {
    fc.assert(
      fc.property(rounds, fc.infiniteStream(fc.boolean()), (list, dice) => {
        const story = Story.fresh();
        const lost: WrittenRecord[] = [];
        let firstLossMs = Infinity;
        list.forEach((changes, i) => {
          const t = START + (i + 1) * 1_000;
          const records = changes.map(() => story.writer.record());
          for (const record of records) {
            if (dice.next().value) story.hear(at((i + 1) * 1_000), record);
            else lost.push(record);
          }
          if (lost.length > 0) firstLossMs = Math.min(firstLossMs, t);
          story.hear(at((i + 1) * 1_000), story.writer.watermark(t, records));
        });
        const now = at(list.length * 1_000);
        const { state } = story.view.freshness(now);
        expect(state).toBe(lost.length === 0 ? 'fresh' : 'stale');
        for (const { t } of story.view.positions(now)) {
          expect(Date.parse(t)).toBeLessThan(firstLossMs);
        }
      }),
    );
  });
});
