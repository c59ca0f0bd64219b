import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { AccessTokenClaims } from '../../src/contract/access-token.js';
import type { PublicJwk } from '../../src/contract/lease.js';
import { newId } from '../../src/kernel/ids.js';

type Loose<T> = { [K in keyof T]?: unknown } & Record<string, unknown>;

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Mints access tokens as the service does, and as it never would. */
export class TokenMint {
  readonly kid: string;
  readonly jwk: PublicJwk;
  readonly #key: KeyObject;

  constructor(kid = 'token-key') {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.kid = kid;
    this.#key = privateKey;
    this.jwk = { kty: 'OKP', crv: 'Ed25519', x: publicKey.export({ format: 'jwk' }).x!, kid };
  }

  claims(nowS: number, fields: Loose<AccessTokenClaims> = {}): Loose<AccessTokenClaims> {
    const device = newId();
    return {
      iss: 'urn:offswitch:test',
      aud: 'offswitch',
      sub: newId(),
      client_id: device,
      did: device,
      org: newId(),
      fam: newId(),
      jti: newId(),
      iat: nowS,
      exp: nowS + 900,
      scope: 'read write',
      gen: { o: 1, u: 1, d: 1, f: 1 },
      ...fields,
    };
  }

  token(claims: unknown, header: Record<string, unknown> = {}): string {
    const head = { alg: 'EdDSA', typ: 'at+jwt', kid: this.kid, ...header };
    const signed = `${part(head)}.${part(claims)}`;
    return `${signed}.${sign(null, Buffer.from(signed), this.#key).toString('base64url')}`;
  }

  /** A token that is "signed" by HMAC with the public key as its secret (algorithm confusion). */
  confused(claims: unknown): string {
    const signed = `${part({ alg: 'HS256', typ: 'at+jwt', kid: this.kid })}.${part(claims)}`;
    return `${signed}.${createHmac('sha256', this.jwk.x).update(signed).digest('base64url')}`;
  }

  /** A token without a signature (RFC 7515 appendix A.5). */
  unsecured(claims: unknown): string {
    return `${part({ alg: 'none', typ: 'at+jwt', kid: this.kid })}.${part(claims)}.`;
  }
}
