// P3: bounded staleness; where a partition is read decides what a gateway can know.
import { describe, expect, it } from '@jest/globals';
import { Cursor } from '../../../src/gateway/sources/kafka/cursor.js';

const FOLLOWED = {
  topic: 't',
  partitions: 1,
  windowMs: 3_601_000,
  stalenessMs: 10_000,
  skewMs: 1_000,
};
const NOW = 1_800_000_000_000;

describe('where a partition is read from', () => {
  it('is behind the window and S, with room for an anchor', () => {
    const sought = new Cursor(0).soughtMs(NOW, FOLLOWED);
    expect(sought).toBeLessThan(NOW - 3_611_000 - 2_000);
    expect(sought).toBeGreaterThan(NOW - 3_611_000 - 10_000);
  });

  it('goes further back each time the anchor is too young, until the log begins', () => {
    const cursor = new Cursor(0);
    let before = cursor.soughtMs(NOW, FOLLOWED);
    cursor.begin(500n, 100n);
    while (cursor.isDue('young', 0)) {
      const next = cursor.soughtMs(NOW, FOLLOWED);
      expect(next).toBeLessThan(before);
      before = next;
      cursor.begin(500n, 100n);
    }
    expect(before).toBeLessThan(NOW - 7 * 86_400_000);
    const atStart = new Cursor(0);
    atStart.begin(100n, 100n);
    expect(atStart.isDue('young', 0)).toBe(false);
  });

  it('knows whether everything there ever was is read', () => {
    const cursor = new Cursor(0);
    cursor.begin(0n, 0n);
    expect([cursor.isComplete, cursor.beginsInTrimmedLog]).toEqual([true, false]);
    cursor.begin(100n, 100n);
    expect([cursor.isComplete, cursor.beginsInTrimmedLog]).toEqual([false, true]);
    cursor.begin(200n, 100n);
    expect([cursor.isComplete, cursor.beginsInTrimmedLog]).toEqual([false, false]);
  });
});

describe('a partition that lacks something', () => {
  it.each(['gap', 'missing'] as const)('is read again after a grace: %s', (trouble) => {
    const cursor = new Cursor(0);
    expect(cursor.isDue(trouble, 0)).toBe(false);
    expect(cursor.isDue(trouble, 499)).toBe(false);
    expect(cursor.isDue(trouble, 500)).toBe(true);
  });

  it('is not read again when what was late has come', () => {
    const cursor = new Cursor(0);
    cursor.isDue('missing', 0);
    cursor.isDue(null, 400);
    expect(cursor.isDue('missing', 500)).toBe(false);
  });

  it('is read again less and less often while that does not help', () => {
    const cursor = new Cursor(0);
    const readAt: number[] = [];
    for (let now = 0; now < 200_000; now += 100) {
      // Right after a look back nothing is known to be missing: that is no success yet.
      if (readAt.at(-1) === now - 100) expect(cursor.isDue(null, now)).toBe(false);
      else if (cursor.isDue('gap', now)) {
        cursor.begin(0n, 0n);
        readAt.push(now);
      }
    }
    const waits = readAt.slice(1).map((at, i) => at - readAt[i]!);
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits.at(-1)).toBeLessThanOrEqual(31_000);
    expect(waits.at(-1)).toBeGreaterThan(20_000);
  });

  it('is not read again for what the topic cannot carry', () => {
    const cursor = new Cursor(0);
    expect(cursor.isDue('repair', 0)).toBe(false);
    expect(cursor.isDue('repair', 1e9)).toBe(false);
  });
});

describe('a batch from another place', () => {
  it('is not taken, and when it happens again the log is asked', () => {
    const cursor = new Cursor(0);
    cursor.begin(10n, 0n);
    expect(cursor.expects(50n)).toBe(false);
    expect(cursor.expects(50n)).toBe(false);
    expect(cursor.strayedTo).toBeNull();
    expect(cursor.expects(50n)).toBe(false);
    expect(cursor.strayedTo).toBe(50n);
  });

  it('is forgotten when the right one comes', () => {
    const cursor = new Cursor(0);
    cursor.begin(10n, 0n);
    cursor.expects(50n);
    cursor.expects(50n);
    expect(cursor.expects(10n)).toBe(true);
    cursor.expects(50n);
    expect(cursor.strayedTo).toBeNull();
  });
});
