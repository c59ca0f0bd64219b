// P3: bounded staleness; whosever clock is wrong, a gateway says that it cannot know, and never that an old view is fresh.
import { describe, expect, it } from '@jest/globals';
import { View } from '../../../../src/gateway/view/view.js';
import { Subject } from '../../../../src/gateway/view/subject.js';
import { TopicWriter } from '../../../support/topic-writer.js';

const START = Date.parse('2026-01-01T00:00:00.000Z');
const S = 10_000;
const SKEW = 1_000;

const OFF = {
  right: 0,
  'ahead by the skew': SKEW,
  'behind by the skew': -SKEW,
  'ahead by 2 s': 2_000,
  'behind by 2 s': -2_000,
  'ahead by 10 min': 600_000,
  'behind by 10 min': -600_000,
} as const;
type Off = keyof typeof OFF;

/** The service's clock says T, the gateway's says how old that is. */
function begin(service: Off, gateway: Off) {
  const at = (trueMs: number) => ({
    wallMs: START + trueMs + OFF[gateway],
    monotonicMs: 5_000 + trueMs,
  });
  const said = (trueMs: number) => START + trueMs + OFF[service];
  const writer = new TopicWriter();
  const { installation, topic } = writer;
  const lengths = { windowMs: 61_000, stalenessMs: S, skewMs: SKEW };
  const view = new View({ installation, topic, partitions: 1, ...lengths }, 0);
  view.restart(0, -Infinity);
  view.reachedEnd(0);
  const { watermark, digest } = writer.watermark(said(0));
  view.accept(0, [{ kind: 'watermark', watermark, digest }], at(0));
  return { view, writer, at, said };
}

describe.each<readonly [Off, Off, string]>([
  ['right', 'right', 'fresh'],
  ['right', 'ahead by the skew', 'fresh'],
  ['right', 'behind by the skew', 'fresh'],
  ['right', 'ahead by 2 s', 'fresh'],
  ['right', 'behind by 2 s', 'unusable'],
  ['right', 'ahead by 10 min', 'stale'],
  ['right', 'behind by 10 min', 'unusable'],
  ['ahead by the skew', 'right', 'fresh'],
  ['behind by the skew', 'right', 'fresh'],
  ['ahead by 2 s', 'right', 'unusable'],
  ['behind by 2 s', 'right', 'fresh'],
  ['ahead by 10 min', 'right', 'unusable'],
  ['behind by 10 min', 'right', 'stale'],
  ['ahead by 10 min', 'ahead by 10 min', 'fresh'],
  ['behind by 10 min', 'behind by 10 min', 'fresh'],
  ['ahead by the skew', 'behind by the skew', 'unusable'],
  ['ahead by 10 min', 'behind by 10 min', 'unusable'],
  ['behind by 10 min', 'ahead by 10 min', 'stale'],
])("with the service's clock %s and the gateway's %s", (service, gateway, state) => {
  it(`takes the newest watermark for ${state}`, () => {
    const { view, at } = begin(service, gateway);
    expect(view.freshness(at(0)).state).toBe(state);
  });

  it('never goes on beyond S after it', () => {
    const { view, at } = begin(service, gateway);
    for (let trueMs = S + 1; trueMs < S + 1_200_000; trueMs += 997)
      expect(view.freshness(at(trueMs)).state).not.toBe('fresh');
  });

  it('keeps what is revoked, whatever anybody thinks of the time', () => {
    const { view, writer, at, said } = begin(service, gateway);
    const revokedAt = new Date(said(0)).toISOString();
    const { record, digest } = writer.record({ revoked_at: revokedAt });
    view.accept(0, [{ kind: 'revocation', record, digest }], at(0));
    const next = writer.watermark(said(60_000));
    view.accept(0, [{ kind: 'watermark', ...next }], at(60_000));
    expect(view.least('user', new Subject(record.subject))).toBe(1);
  });
});

describe("a gateway's clock that is set while it runs", () => {
  it.each([-600_000, -S, -2_000, 2_000, S, 600_000])(
    'by %i ms makes no view fresh for longer: the time that has passed counts, too',
    (jumpMs) => {
      const { view, at } = begin('right', 'right');
      for (let trueMs = S + 1; trueMs < S + 1_200_000; trueMs += 997) {
        const { wallMs, monotonicMs } = at(trueMs);
        const now = { wallMs: wallMs + jumpMs, monotonicMs };
        expect(view.freshness(now).state).not.toBe('fresh');
      }
    },
  );
});
