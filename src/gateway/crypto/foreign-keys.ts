import { constants, createPublicKey, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { ForeignAlgorithm, ForeignJwk } from '../../contract/read-foreign-jwks.js';

interface Known {
  readonly jwk: string;
  readonly key: KeyObject;
}

/** NIST SP 800-131A. */
const SHORTEST_MODULUS = 2_048;

const nameOf = (algorithm: string, kid: string): string => `${algorithm}\n${kid}`;

/** Keys of a foreign issuer by algorithm and id: one that is found may be used so. */
export class ForeignKeySet {
  readonly #known = new Map<string, Known>();

  /**
   * Keys that are not what they say, or too short, are left out. A key that `before` has too stays the same object,
   * so that what was verified with it stays verified.
   */
  constructor(keys: readonly ForeignJwk[], before: ForeignKeySet | null = null) {
    for (const { kid, algorithms, ...jwk } of keys)
      for (const algorithm of algorithms) {
        const name = nameOf(algorithm, kid);
        const same = before === null ? undefined : before.#known.get(name);
        const text = JSON.stringify(jwk);
        const known = same?.jwk === text ? same : knownFrom(jwk, text);
        if (known !== null && !this.#known.has(name)) this.#known.set(name, known);
      }
  }

  find(algorithm: ForeignAlgorithm, kid: string): KeyObject | undefined {
    return this.#known.get(nameOf(algorithm, kid))?.key;
  }
}

function knownFrom(jwk: JsonWebKey, text: string): Known | null {
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const { modulusLength = SHORTEST_MODULUS } = key.asymmetricKeyDetails ?? {};
    return modulusLength < SHORTEST_MODULUS ? null : { jwk: text, key };
  } catch {
    return null;
  }
}

/** JWA (RFC 7518 §3, RFC 8037 §3.1). */
export function isSignedAs(
  algorithm: ForeignAlgorithm,
  key: KeyObject,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  switch (algorithm) {
    case 'RS256':
      return verify('sha256', message, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
    case 'PS256':
      return verify(
        'sha256',
        message,
        { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
        signature,
      );
    case 'ES256':
      return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
    case 'EdDSA':
      return verify(null, message, key, signature);
  }
}
