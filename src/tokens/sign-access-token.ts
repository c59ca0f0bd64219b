import type { AccessTokenClaims } from '../contract/access-token.js';
import type { SigningKey } from '../platform/crypto/key-ring.js';

/** An access token: compact JWS (RFC 7515 §7.1), EdDSA (RFC 8037), `typ: at+jwt` (RFC 9068 §2.1). */
export function signAccessToken(claims: AccessTokenClaims, key: SigningKey): string {
  const header = { alg: 'EdDSA', typ: 'at+jwt', kid: key.kid };
  const signed = `${encoded(header)}.${encoded(claims)}`;
  const { signature } = key.sign(Buffer.from(signed));
  return `${signed}.${Buffer.from(signature).toString('base64url')}`;
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
