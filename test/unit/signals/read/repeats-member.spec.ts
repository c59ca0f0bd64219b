// P9: fail closed. A member that stands twice is seen, wherever it stands and however its name is written.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { repeatsMember } from '../../../../src/signals/read/repeats-member.js';

describe('a member that stands twice', () => {
  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"a" : {"b":[]}\n, "a"\t: null}',
    '[{"b":1},{"x":{"":0,"c":["}"],"":0}}]',
    '{"\\"":1,"b":"{","\\"":2}',
  ])('is seen in %s', (text) => {
    JSON.parse(text);
    expect(repeatsMember(text)).toBe(true);
  });

  it.each([
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":2}]',
    '{"a":"a","b":"\\"a\\":"}',
    '{"a":1,"A":2}',
  ])('is not seen in %s', (text) => {
    JSON.parse(text);
    expect(repeatsMember(text)).toBe(false);
  });

  it('is seen in whatever object it is put into, and nowhere else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.string(), (first, second, name) => {
        const member = (value: unknown): string =>
          `${JSON.stringify(name)}:${JSON.stringify(value)}`;
        expect(repeatsMember(`{${member(first)}}`)).toBe(false);
        expect(repeatsMember(`[{${member(first)},${member(second)}}]`)).toBe(true);
      }),
    );
  });

  it('costs no more than its length', () => {
    const text = JSON.stringify(['\\"'.repeat(100_000), '['.repeat(100_000)]);
    expect(repeatsMember(`${'['.repeat(50_000)}${text}${']'.repeat(50_000)}`)).toBe(false);
  });
});
