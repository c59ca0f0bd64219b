import { generateKeyPairSync } from 'node:crypto';
import { base64url, canonicalBytes } from '../../contract/bytes.js';
import type { PublicJwk } from '../../contract/lease.js';
import { sha256 } from './sha256.js';

/** An Ed25519 key as JWK (RFC 8037). Without `d` it is only announced: it verifies and never signs. */
export interface PrivateJwk extends PublicJwk {
  readonly d?: string;
}

/** Keys in order of use: the first one signs. */
export interface PrivateJwks {
  readonly keys: readonly PrivateJwk[];
}

/** RFC 7638 thumbprint of an Ed25519 key. */
const thumbprint = (x: string): string =>
  base64url(sha256(canonicalBytes({ crv: 'Ed25519', kty: 'OKP', x })));

/** A set of one new signing key, named by its thumbprint. */
export function generatePrivateJwks(): PrivateJwks {
  const { x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  if (x === undefined || d === undefined) throw new TypeError('the new key has no JWK form');
  return {
    keys: [{ kty: 'OKP', crv: 'Ed25519', x, d, kid: thumbprint(x), alg: 'EdDSA', use: 'sig' }],
  };
}
