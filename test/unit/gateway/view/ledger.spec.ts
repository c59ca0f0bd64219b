// P3: bounded staleness; a long list costs a gateway no more than its length.
import { describe, expect, it } from '@jest/globals';
import { Ledger } from '../../../../src/gateway/view/ledger.js';
import type { Watermark } from '../../../../src/contract/watermark.js';

/** A list that counts how often somebody looks at one of its digests. */
class Counted {
  looks = 0;

  of(digests: readonly string[]): readonly string[] {
    return new Proxy(digests, {
      get: (target, name, receiver) => {
        if (typeof name === 'string' && /^\d+$/.test(name)) this.looks += 1;
        return Reflect.get(target, name, receiver) as unknown;
      },
    });
  }
}

const digests = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${prefix} ${i}`);

const watermark = (covers: readonly string[], repair: readonly string[]): Watermark => ({
  ...{ v: 1, installation: 'i', topic: 't', partition: 0, partitions: 1, epoch: 0, seq: 1 },
  ...{ prev: 'p', t: '2026-01-01T00:00:00.000Z', more: false, covers, repair, kids: [] },
});

describe('the lists of a watermark', () => {
  it.each([10, 100, 1_000])('of %d records each are looked at a few times per record', (count) => {
    const counted = new Counted();
    const [covers, repair] = [digests('covered', count), digests('mended', count)];
    const ledger = new Ledger();
    ledger.demand(watermark(counted.of([...covers, ...repair]), counted.of(repair)));
    expect(ledger.lacks).toBe('records');
    for (const digest of covers) ledger.applied(digest, 0);
    expect(ledger.lacks).toBe('repair');
    expect(ledger.toRepair).toEqual(repair);
    for (const digest of repair) expect(ledger.heal(digest)).toBe(true);
    expect(ledger.takeCompleted()).toHaveLength(1);
    expect(counted.looks).toBeGreaterThanOrEqual(2 * count);
    expect(counted.looks).toBeLessThanOrEqual(8 * count);
  });

  it('demand what stands under `repair` alone, unless it has come already', () => {
    const ledger = new Ledger();
    ledger.applied('came before', 0);
    ledger.demand(watermark([], ['came before', 'missing']));
    expect(ledger.missing(9)).toEqual(['missing']);
    ledger.heal('missing');
    expect(ledger.takeCompleted()).toHaveLength(1);
  });
});
