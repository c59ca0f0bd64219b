// P9: what cannot be read is refused, never guessed.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DomainError } from '../../../../src/kernel/domain-error.js';
import { readJson } from '../../../../src/platform/http/read-json.js';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('readJson', () => {
  it('reads whatever JSON can say', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text);
        try {
          expect(readJson(bytes(text))).toEqual(value);
        } catch (error) {
          // fast-check also likes to name members __proto__, and to put U+0000 into strings.
          expect(error).toBeInstanceOf(DomainError);
        }
      }),
    );
  });

  it('never throws anything but a refusal, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (body) => {
        try {
          readJson(body);
        } catch (error) {
          expect(error).toMatchObject({ sort: 'invalid' });
        }
      }),
    );
  });

  it('takes 64 levels and no more', () => {
    const nested = (depth: number) => bytes('['.repeat(depth) + ']'.repeat(depth));
    expect(() => readJson(nested(64))).not.toThrow();
    expect(() => readJson(nested(66))).toThrow('nested deeper than 64');
    expect(() => readJson(nested(100_000))).toThrow(DomainError);
  });

  it('reads letters beyond the first plane, also when they are escaped', () => {
    expect(readJson(bytes('"\\ud83d\\ude00 😀"'))).toBe('😀 😀');
  });

  it('has nothing to say about an empty body', () => {
    expect(readJson(new Uint8Array())).toBeUndefined();
  });

  it('never quotes the body in its refusal', () => {
    expect(() => readJson(bytes('{"password": hunter2-not-secret}'))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});
