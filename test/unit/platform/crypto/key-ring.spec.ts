// P3: bounded staleness; a gateway believes what a key of the ring signed, and nothing else.
import { describe, expect, it } from '@jest/globals';
import { calculateJwkThumbprint } from 'jose';
import { inspect } from 'node:util';
import { KeyRing } from '../../../../src/platform/crypto/key-ring.js';
import {
  generatePrivateJwks,
  type PrivateJwks,
} from '../../../../src/platform/crypto/private-jwks.js';

const message = Buffer.from('what is said');
const [old, next] = [generatePrivateJwks().keys[0]!, generatePrivateJwks().keys[0]!];

describe('a key ring', () => {
  it('signs with its first key and verifies with all', () => {
    const before = new KeyRing({ keys: [old, next] });
    const after = new KeyRing({ keys: [next, old] });
    const { kid, signature } = before.sign(message);
    expect(kid).toBe(old.kid);
    expect(after.kid).toBe(next.kid);
    expect(after.verify(kid, message, signature)).toBe(true);
    expect(after.verify(next.kid, message, signature)).toBe(false);
    expect(after.verify(kid, Buffer.from('something else'), signature)).toBe(false);
    expect(after.verify('unknown', message, signature)).toBe(false);
    expect(after.verify(kid, message, new Uint8Array(3))).toBe(false);
  });

  it('shows only public parts, announced keys among them', () => {
    const ring = new KeyRing({ keys: [old, new KeyRing({ keys: [next] }).publicJwks.keys[0]!] });
    expect(ring.publicJwks.keys.map(({ kid }) => kid)).toEqual([old.kid, next.kid]);
    expect(JSON.stringify(ring.publicJwks)).not.toContain(old.d);
    expect(inspect(ring, { depth: 9, showHidden: true })).not.toContain(old.d);
  });

  it('names a new key by its RFC 7638 thumbprint', async () => {
    expect(old.kid).toBe(await calculateJwkThumbprint({ ...old }));
  });

  it.each<[string, unknown]>([
    ['no keys', {}],
    ['an empty set', { keys: [] }],
    ['a first key that cannot sign', { keys: [{ ...old, d: undefined }] }],
    ['a symmetric key', { keys: [{ kty: 'oct', k: 'x', kid: 'k' }] }],
    ['another curve', { keys: [{ ...old, crv: 'X25519' }] }],
    ['no kid', { keys: [{ ...old, kid: '' }] }],
    ['two keys of one kid', { keys: [old, { ...next, kid: old.kid }] }],
    ['parts of different keys', { keys: [{ ...old, d: next.d }] }],
    ['such parts in a later key', { keys: [old, { ...next, d: old.d }] }],
    ['a malformed private part', { keys: [{ ...old, d: 'short' }] }],
  ])('refuses %s without showing a key', (_, set) => {
    let message = '';
    try {
      new KeyRing(set as PrivateJwks);
    } catch (error) {
      message = inspect(error);
    }
    expect(message).toContain('TypeError');
    for (const part of [old.d!, next.d!, old.x]) expect(message).not.toContain(part);
  });
});
