import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { KeyRing } from '../../src/platform/crypto/key-ring.js';
import type { PrivateJwk } from '../../src/platform/crypto/private-jwks.js';

/** RFC 8410 §7: what stands before the 32 bytes of an Ed25519 key in PKCS #8. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The private key is its own name: nobody mistakes it for a secret, and it is the same each time. */
export class FakeKey {
  readonly kid: string;
  readonly jwk: PrivateJwk;
  readonly #key: KeyObject;

  constructor(kid: string) {
    const seed = Buffer.from(`visibly fake ${kid}`.padEnd(32, '.').slice(0, 32));
    this.#key = createPrivateKey({
      key: Buffer.concat([PKCS8, seed]),
      format: 'der',
      type: 'pkcs8',
    });
    const { x, d } = this.#key.export({ format: 'jwk' });
    this.kid = kid;
    this.jwk = { kty: 'OKP', crv: 'Ed25519', x: x!, d: d!, kid };
  }

  get ring(): KeyRing {
    return new KeyRing({ keys: [this.jwk] });
  }

  sign(message: Uint8Array): Buffer {
    return sign(null, message, this.#key);
  }

  jwt(claims: unknown, header: Record<string, unknown> = {}): string {
    const part = (value: unknown): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'EdDSA', typ: 'at+jwt', kid: this.kid, ...header })}.${part(claims)}`;
    return `${signed}.${this.sign(Buffer.from(signed)).toString('base64url')}`;
  }
}
