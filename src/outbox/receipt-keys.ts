import { createPublicKey, verify as verifyBytes, type KeyObject } from 'node:crypto';
import type { Verify } from '../contract/crypto-types.js';
import type { PublicJwk } from '../contract/lease.js';

/** More processes than give receipts at once; some 2 KB each. */
const REMEMBERED = 4_096;

/**
 * Public keys of gateway processes as what verifies with them. Making that of 32 bytes is a tenth of what a receipt costs, and is
 * done once for each; whose key it is, and whether it still is, is not remembered here.
 */
export class ReceiptKeys {
  readonly #most: number;
  readonly #byBytes = new Map<string, KeyObject | null>();

  constructor(most = REMEMBERED) {
    this.#most = most;
  }

  get size(): number {
    return this.#byBytes.size;
  }

  verifierOf(jwk: PublicJwk): Verify {
    const key = this.#keyOf(jwk);
    return (kid, message, signature) =>
      key !== null && kid === jwk.kid && verifyBytes(null, message, key, signature);
  }

  #keyOf(jwk: PublicJwk): KeyObject | null {
    const known = this.#byBytes.get(jwk.x);
    const key = known === undefined ? keyFrom(jwk) : known;
    // The one that has been used the longest ago stands first.
    this.#byBytes.delete(jwk.x);
    this.#byBytes.set(jwk.x, key);
    const [oldest] = this.#byBytes.keys();
    if (this.#byBytes.size > this.#most && oldest !== undefined) this.#byBytes.delete(oldest);
    return key;
  }
}

function keyFrom({ kty, crv, x }: PublicJwk): KeyObject | null {
  try {
    return createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
  } catch {
    // 32 bytes that are no point of the curve: nothing is signed by them.
    return null;
  }
}
