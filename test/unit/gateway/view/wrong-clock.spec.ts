// P3: bounded staleness; a gateway whose clock is wrong says that it cannot know, and never that an old view is fresh.
import { describe, expect, it } from '@jest/globals';
import { View } from '../../../../src/gateway/view/view.js';
import { TopicWriter } from '../../../support/topic-writer.js';

const START = Date.parse('2026-01-01T00:00:00.000Z');
const S = 10_000;
const SKEW = 1_000;

describe.each([
  ['right', 0, 'fresh'],
  ['ahead by the skew', SKEW, 'fresh'],
  ['behind by the skew', -SKEW, 'fresh'],
  ['ahead by 2 s', 2_000, 'fresh'],
  ['behind by 2 s', -2_000, 'unusable'],
  ['ahead by 10 min', 600_000, 'stale'],
  ['behind by 10 min', -600_000, 'unusable'],
] as const)('a gateway whose clock is %s', (_, offMs, state) => {
  const at = (trueMs: number) => ({ wallMs: START + trueMs + offMs, monotonicMs: 5_000 + trueMs });
  const begin = () => {
    const writer = new TopicWriter();
    const { installation, topic } = writer;
    const lengths = { windowMs: 61_000, stalenessMs: S, skewMs: SKEW };
    const view = new View({ installation, topic, partitions: 1, ...lengths }, 0);
    view.restart(0, -Infinity);
    view.reachedEnd(0);
    const { watermark, digest } = writer.watermark(START);
    view.accept(0, [{ kind: 'watermark', watermark, digest }], at(0));
    return { view, writer };
  };

  it(`takes the newest watermark for ${state}`, () => {
    expect(begin().view.freshness(at(0)).state).toBe(state);
  });

  it('never goes on beyond S after it', () => {
    const { view } = begin();
    for (let trueMs = S + 1; trueMs < S + 1_200_000; trueMs += 997)
      expect(view.freshness(at(trueMs)).state).not.toBe('fresh');
  });

  it('keeps what is revoked, whatever it thinks of the time', () => {
    const { view, writer } = begin();
    const { record, digest } = writer.record({ revoked_at: new Date(START).toISOString() });
    view.accept(0, [{ kind: 'revocation', record, digest }], at(0));
    const next = writer.watermark(START + 60_000);
    view.accept(0, [{ kind: 'watermark', ...next }], at(60_000));
    expect(view.least('user', record.subject)).toBe(1);
  });
});
