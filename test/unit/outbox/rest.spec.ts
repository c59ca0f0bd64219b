// P8: who leaves alone is not held up; a rush does not crowd out those who come with it.
import { describe, expect, it } from '@jest/globals';
import { restMs } from '../../../src/outbox/domain/rest.js';

describe('the rest between two requests', () => {
  it('is short while brokers answer fast', () => {
    expect(restMs(1, 1)).toBe(2);
    expect(restMs(7, 2.5)).toBe(5);
  });

  it('grows with the time that brokers take, within a bound', () => {
    expect(restMs(1, 6)).toBe(12);
    expect(restMs(1, 8_000)).toBe(15);
  });

  it('is the longest in a rush, however fast brokers are', () => {
    expect(restMs(8, 0.1)).toBe(15);
  });
});
