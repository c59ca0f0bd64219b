// P8, P9: who asks too much is put off by the clock, and nobody who makes up keys fills the memory.
import { describe, expect, it } from '@jest/globals';
import { TokenBuckets } from '../../../../src/platform/rate/token-buckets.js';
import { FakeClock } from '../../../support/fake-clock.js';

function buckets(more: { mostKeys?: number } = {}) {
  const clock = new FakeClock();
  const settings = { perSecond: 10, burst: 30, mostKeys: 100, ...more };
  return { clock, all: new TokenBuckets(settings, clock) };
}
const taken = (all: TokenBuckets, key: string, times: number): number =>
  Array.from({ length: times }, () => all.take(key)).filter((isThere) => isThere).length;

describe('a bucket', () => {
  it('gives its burst at once, and then as many as come back', () => {
    const { clock, all } = buckets();
    expect(taken(all, 'a', 100)).toBe(30);
    clock.advance(1_000);
    expect(taken(all, 'a', 100)).toBe(10);
    clock.advance(99);
    expect(taken(all, 'a', 1)).toBe(0);
    clock.advance(1);
    expect(taken(all, 'a', 2)).toBe(1);
  });

  it('is never fuller than its burst', () => {
    const { clock, all } = buckets();
    clock.advance(1e9);
    expect(taken(all, 'a', 100)).toBe(30);
    clock.advance(1e9);
    expect(taken(all, 'a', 100)).toBe(30);
  });

  it('takes nothing from whoever is put off: the time of each refused try is no delay', () => {
    const { clock, all } = buckets();
    taken(all, 'a', 30);
    let got = 0;
    for (let ms = 0; ms < 10_000; ms += 10) {
      got += taken(all, 'a', 1);
      clock.advance(10);
    }
    expect(got).toBeGreaterThanOrEqual(98);
    expect(got).toBeLessThanOrEqual(100);
  });

  it('is one for each key', () => {
    const { all } = buckets();
    expect(taken(all, 'a', 100) + taken(all, 'b', 100)).toBe(60);
  });

  it('that was used longest ago is forgotten when there are too many, and no other', () => {
    const { all } = buckets({ mostKeys: 3 });
    for (const key of ['a', 'b', 'c']) taken(all, key, 30);
    expect(all.take('a')).toBe(false);
    expect(all.take('d')).toBe(true);
    expect([all.take('a'), all.take('c'), all.size]).toEqual([false, false, 3]);
    expect(all.take('b')).toBe(true);
    for (let i = 0; i < 10_000; i += 1) all.take(String(i));
    expect(all.size).toBe(3);
  });
});
