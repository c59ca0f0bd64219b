import { generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { canonicalBytes } from '../../contract/bytes.js';
import type { Sign } from '../../contract/crypto-types.js';
import type { PublicJwk } from '../../contract/lease.js';
import { digestOf } from './digest.js';

/** A key that lives and dies with this process; it is named by its RFC 7638 thumbprint. */
export interface SigningKey {
  readonly sign: Sign;
  readonly publicJwk: PublicJwk;
}

export function newSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  if (x === undefined) throw new TypeError('the new key has no JWK form');
  const kid = digestOf(canonicalBytes({ crv: 'Ed25519', kty: 'OKP', x }));
  return {
    sign: (message) => ({ kid, signature: signBytes(null, message, privateKey) }),
    publicJwk: { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' },
  };
}
