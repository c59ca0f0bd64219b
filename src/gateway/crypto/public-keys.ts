import { createPublicKey, verify as verifyBytes, type KeyObject } from 'node:crypto';
import type { Verify } from '../../contract/crypto-types.js';
import type { Jwks, PublicJwk } from '../../contract/lease.js';

interface Known {
  readonly x: string;
  readonly key: KeyObject;
}

export type IsSignedBy = (key: KeyObject, message: Uint8Array, signature: Uint8Array) => boolean;

/** A pinned set of Ed25519 keys by their id. Ids live in a Map: `__proto__` finds nothing. */
export class PublicKeys {
  readonly #known = new Map<string, Known>();
  readonly #isSignedBy: IsSignedBy;

  /**
   * Keys that are not what they say are left out: what they signed is then signed by nobody we know. A key that
   * `before` has too stays the same object, so that what was verified with it stays verified.
   */
  constructor({ keys }: Jwks, before: PublicKeys | null = null, verifies: IsSignedBy = isSignedBy) {
    this.#isSignedBy = verifies;
    for (const jwk of keys) {
      const same = before === null ? undefined : before.#known.get(jwk.kid);
      const known = same?.x === jwk.x ? same : knownFrom(jwk);
      if (known !== null) this.#known.set(jwk.kid, known);
    }
  }

  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  find(kid: string): KeyObject | undefined {
    return this.#known.get(kid)?.key;
  }

  readonly verify: Verify = (kid, message, signature) => {
    const key = this.find(kid);
    return key !== undefined && this.#isSignedBy(key, message, signature);
  };
}

function knownFrom({ kty, crv, x }: PublicJwk): Known | null {
  try {
    return { x, key: createPublicKey({ key: { kty, crv, x }, format: 'jwk' }) };
  } catch {
    return null;
  }
}

/** Ed25519 (RFC 8032). A signature of the wrong length is none. */
export const isSignedBy: IsSignedBy = (key, message, signature) =>
  signature.length === 64 && verifyBytes(null, message, key, signature);
