// P3: what is signed has one form; the pure rooms read and write the same bytes as everybody else.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { base64url, fromUtf8, utf8 } from '../../../src/contract/bytes.js';

describe('bytes of the contract', () => {
  it('are those that Node makes of any text, and become that text again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const bytes = utf8(text);
        expect(Buffer.from(bytes).equals(Buffer.from(text, 'utf8'))).toBe(true);
        expect(fromUtf8(bytes)).toBe(text);
        expect(base64url(bytes)).toBe(Buffer.from(text).toString('base64url'));
      }),
    );
  });

  it('that are no UTF-8 are no text', () => {
    for (const bytes of [[0xff], [0xc3], [0xe2, 0x82], [0x61, 0x80, 0x62]])
      expect(() => fromUtf8(Uint8Array.from(bytes))).toThrow(URIError);
  });
});
