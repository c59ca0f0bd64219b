// P9: a receipt counts only if the process's own key has signed it, whatever was remembered before.
import { describe, expect, it } from '@jest/globals';
import { ReceiptKeys } from '../../../src/outbox/receipt-keys.js';
import { KeyRing } from '../../../src/platform/crypto/key-ring.js';
import { generatePrivateJwks } from '../../../src/platform/crypto/private-jwks.js';

const message = Buffer.from('a receipt');
function signer() {
  const ring = new KeyRing(generatePrivateJwks());
  return { jwk: ring.publicJwks.keys[0]!, ...ring.sign(message) };
}

describe('keys of receipts', () => {
  it('verify what their own key has signed, each time, and nothing else', () => {
    const keys = new ReceiptKeys();
    const [one, two] = [signer(), signer()];
    for (let again = 0; again < 3; again += 1) {
      expect(keys.verifierOf(one.jwk)(one.kid, message, one.signature)).toBe(true);
      expect(keys.verifierOf(two.jwk)(two.kid, message, two.signature)).toBe(true);
      expect(keys.verifierOf(two.jwk)(two.kid, message, one.signature)).toBe(false);
      expect(keys.verifierOf(one.jwk)(two.kid, message, one.signature)).toBe(false);
    }
    expect(keys.size).toBe(2);
  });

  it('of the same bytes under another id are another process’s', () => {
    const keys = new ReceiptKeys();
    const { jwk, kid, signature } = signer();
    keys.verifierOf(jwk);
    const renamed = keys.verifierOf({ ...jwk, kid: 'another' });
    expect(renamed(kid, message, signature)).toBe(false);
    expect(renamed('another', message, signature)).toBe(true);
  });

  it('that are no keys verify nothing, the second time neither', () => {
    const keys = new ReceiptKeys();
    const { jwk, kid, signature } = signer();
    for (const x of ['', 'AAAA', jwk.x, jwk.x])
      expect(keys.verifierOf({ ...jwk, x })(kid, message, signature)).toBe(x === jwk.x);
  });

  it('are forgotten when there are too many, the longest unused first', () => {
    const keys = new ReceiptKeys(2);
    const [one, two, three] = [signer(), signer(), signer()];
    for (const { jwk } of [one, two, one, three]) keys.verifierOf(jwk);
    expect(keys.size).toBe(2);
    for (const each of [one, two, three])
      expect(keys.verifierOf(each.jwk)(each.kid, message, each.signature)).toBe(true);
    expect(keys.size).toBe(2);
  });
});
