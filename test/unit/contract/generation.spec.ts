// P2, P4: a raise is past everything that may have been given out, also by a database that was lost.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { raisedGeneration } from '../../../src/contract/generation.js';

const epochs = fc.integer({ min: 1, max: 2 ** 20 });
const generations = fc.integer({ min: 0, max: 2 ** 31 });

describe('a raise', () => {
  it('is one step while no database was ever lost', () => {
    fc.assert(
      fc.property(generations, (generation) => {
        expect(raisedGeneration(generation, 1)).toBe(generation + 1);
      }),
    );
  });

  it('is larger than the generation before and than any that an earlier epoch gave, and stays exact', () => {
    fc.assert(
      fc.property(epochs, generations, generations, (epoch, known, lost) => {
        const before = raisedGeneration(lost, epoch);
        const after = raisedGeneration(known, epoch + 1);
        expect(after).toBeGreaterThan(known);
        expect(after).toBeGreaterThan(before);
        expect(Number.isSafeInteger(after)).toBe(true);
        expect(raisedGeneration(after, epoch + 1)).toBe(after + 1);
      }),
    );
  });
});
