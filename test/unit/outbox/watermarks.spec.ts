// P3: a round that is cut into parts lists every record once and fits its messages.
import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readWatermark } from '../../../src/contract/read.js';
import { MAX_WATERMARK_BYTES } from '../../../src/contract/watermark.js';
import { newId } from '../../../src/kernel/ids.js';
import { cutIntoParts, follow, genesis } from '../../../src/outbox/domain/watermarks.js';

const hash = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64url');
const chain = {
  installation: newId(),
  topic: `${'p'.repeat(64)}offswitch.revocations.v1`,
  partition: 2,
  partitions: 3,
  epoch: 1,
};
const textOf = (value: Uint8Array): string => Buffer.from(value).toString('utf8');
const t = new Date('2026-11-23T09:00:00.000Z');

describe('parts', () => {
  it('list every record once, in order, repairs with their record, and fit', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(1e6), { maxLength: 300 }),
        fc.uniqueArray(fc.string({ minLength: 1, maxLength: 43, unit: 'grapheme-ascii' }), {
          maxLength: 5,
        }),
        fc.integer({ min: 2_000, max: 20_000 }),
        (numbers, names, maxBytes) => {
          const covers = numbers.map((number) => digestOf(String(number)));
          const kids = names.map((name) => name.replaceAll(/[^!-~]|["\\]/gu, '_'));
          const repair = new Set(covers.filter((_, i) => i % 3 === 0));
          const parts = cutIntoParts(covers, repair, { kids, maxBytes });
          expect(parts.flatMap((part) => part.covers)).toEqual(covers);
          for (const part of parts) {
            expect(part.repair).toEqual(part.covers.filter((digest) => repair.has(digest)));
            const link = follow(
              genesis(chain, t, hash),
              { ...part, kids, more: true, t: t.toISOString() },
              hash,
            );
            expect(link.value.length).toBeLessThanOrEqual(maxBytes);
          }
        },
      ),
    );
  });

  it('are one when there is nothing to list', () => {
    expect(cutIntoParts([], new Set(), { kids: [], maxBytes: 2_000 })).toEqual([
      { covers: [], repair: [] },
    ]);
  });

  it('hold about five thousand records each', () => {
    const covers = Array.from({ length: 12_000 }, (_, i) => digestOf(String(i)));
    const parts = cutIntoParts(covers, new Set(), { kids: [], maxBytes: MAX_WATERMARK_BYTES });
    expect(parts.map((part) => part.covers.length)).toEqual([5_676, 5_676, 648]);
  });
});

describe('links', () => {
  it('begin with a genesis and name the bytes before them', () => {
    const first = genesis(chain, t, hash);
    expect(readWatermark(textOf(first.value))).toMatchObject({
      ...chain,
      seq: 0,
      prev: null,
      covers: [],
    });
    const next = follow(
      first,
      { covers: [], repair: [], kids: ['k'], more: false, t: t.toISOString() },
      hash,
    );
    expect(readWatermark(textOf(next.value))).toMatchObject({
      seq: 1,
      prev: digestOf(textOf(first.value)),
      kids: ['k'],
    });
    expect(next.digest).toBe(digestOf(textOf(next.value)));
  });
});
