// P9: a preference that cannot be read is no preference; it never stands in a request's way.
import { describe, expect, it } from '@jest/globals';
import { preferredWait } from '../../../../src/platform/http/prefer-wait.js';

describe('a preference to wait', () => {
  it.each<[string, number]>([
    ['wait=10', 10],
    ['WAIT = 10', 10],
    ['wait="10"', 10],
    ['respond-async, wait=10', 10],
    ['wait=10; foo=1', 10],
    ['wait=0', 0],
    ['wait=10, wait=20', 10],
    ['note="a, wait=5", wait=7', 7],
    ['note="a \\", wait=5", wait=7', 7],
    ['handling=lenient, wait=100, respond-async', 100],
  ])('is read from %s', (prefer, seconds) => {
    expect(preferredWait(prefer)).toBe(seconds);
  });

  it.each([
    '',
    'wait',
    'wait=',
    'wait=soon',
    'wait=-1',
    'wait=1.5',
    'wait=1e9',
    'wait="10',
    'wait=10 20',
    'wait=12345678901234567890',
    'await=10',
    'wait-more=10',
    'note="wait=10"',
    'note="unending, wait=10',
    // The first word counts, also when it means nothing.
    'wait=soon, wait=10',
  ])('is not there in %j', (prefer) => {
    expect(preferredWait(prefer)).toBeNull();
  });

  it('is not there when nothing is preferred', () => {
    expect(preferredWait(undefined)).toBeNull();
  });
});
