// P9: fail closed; a sealed value that was altered, moved or sealed by somebody else does not open.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Sealer } from '../../../../src/platform/crypto/sealer.js';

const [OLD, NEW] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const sealer = new Sealer(OLD);
const place = 'connection_secrets/1';

describe('a sealed value', () => {
  it('opens where it was sealed for', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (plain, where) =>
        Buffer.from(sealer.open(sealer.seal(plain, where), where)).equals(Buffer.from(plain)),
      ),
    );
  });

  it('is different each time', () => {
    const plain = Buffer.from('not-a-secret');
    expect(Buffer.from(sealer.seal(plain, place))).not.toEqual(
      Buffer.from(sealer.seal(plain, place)),
    );
  });

  it('still opens when a newer key seals', () => {
    const sealed = sealer.seal(Buffer.from('not-a-secret'), place);
    expect(Buffer.from(new Sealer(NEW, OLD).open(sealed, place)).toString()).toBe('not-a-secret');
    expect(() => new Sealer(NEW).open(sealed, place)).toThrow('service.failed');
  });

  it('does not open in another place', () => {
    const sealed = sealer.seal(Buffer.from('not-a-secret'), place);
    expect(() => sealer.open(sealed, 'connection_secrets/2')).toThrow('service.failed');
  });

  it('does not open when any bit of it was changed, nor when it was cut', () => {
    const sealed = sealer.seal(Buffer.from('not-a-secret'), place);
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(sealed);
        changed[at]! ^= flip;
        expect(() => sealer.open(changed, place)).toThrow('service.failed');
        expect(() => sealer.open(sealed.subarray(0, at), place)).toThrow('service.failed');
      }),
    );
  });
});
