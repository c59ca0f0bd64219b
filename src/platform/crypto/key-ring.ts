import {
  createPrivateKey,
  createPublicKey,
  sign as signBytes,
  verify as verifyBytes,
  type KeyObject,
} from 'node:crypto';
import type { Sign, Verify } from '../../contract/crypto-types.js';
import type { Jwks, PublicJwk } from '../../contract/lease.js';
import type { PrivateJwk, PrivateJwks } from './private-jwks.js';

const KEY_BYTES = /^[A-Za-z0-9_-]{43}$/; // 32 bytes, base64url

function demand(holds: boolean, rule: string): void {
  if (!holds) throw new TypeError(rule);
}

function publicPart({ x, kid }: PrivateJwk): PublicJwk {
  return { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' };
}

function checkForm(key: PrivateJwk): void {
  // The set comes from outside, whatever its type says. No message shows a key.
  const { kty, crv, x, kid, d }: Partial<Record<string, unknown>> = { ...key };
  demand(kty === 'OKP' && crv === 'Ed25519', 'a key is not OKP with Ed25519');
  demand(typeof x === 'string' && KEY_BYTES.test(x), 'a key lacks its public part x');
  demand(typeof kid === 'string' && kid !== '' && kid.length <= 256, 'a key lacks its kid');
  demand(
    d === undefined || (typeof d === 'string' && KEY_BYTES.test(d)),
    'a private part d is malformed',
  );
}

/** A private key whose public part is not `x` would sign what nobody can verify. */
function privatePart(key: PrivateJwk): KeyObject {
  const made = createPrivateKey({ key: { ...key }, format: 'jwk' });
  demand(
    createPublicKey(made).export({ format: 'jwk' }).x === key.x,
    'the parts x and d of a key do not belong together',
  );
  return made;
}

/** One key of a ring, as somebody signs with it. */
export interface SigningKey {
  readonly kid: string;
  readonly sign: Sign;
}

function signingKey(jwk: PrivateJwk): SigningKey {
  const { kid } = jwk;
  const key = privatePart(jwk);
  return { kid, sign: (message) => ({ kid, signature: signBytes(null, message, key) }) };
}

/**
 * A set of Ed25519 keys: the first one signs, all of them verify. A key that stands behind the first one is
 * either announced (it will sign later) or leaving (what it signed is still good), so sets overlap when keys change.
 */
export class KeyRing {
  /** Those with a private part, in their order. */
  readonly #signing: readonly [SigningKey, ...SigningKey[]];
  readonly #verifying: ReadonlyMap<string, KeyObject>;
  readonly publicJwks: Jwks;

  /** @throws TypeError naming the broken rule, never a key */
  constructor(set: PrivateJwks) {
    demand(Array.isArray(set.keys), 'the set has no keys');
    set.keys.forEach(checkForm);
    const [first, ...others] = set.keys;
    if (first?.d === undefined) throw new TypeError('the first key of the set cannot sign');
    const able = others.filter(({ d }) => d !== undefined);
    this.#signing = [signingKey(first), ...able.map(signingKey)];
    this.publicJwks = { keys: set.keys.map(publicPart) };
    this.#verifying = new Map(
      this.publicJwks.keys.map((key) => [
        key.kid,
        createPublicKey({ key: { ...key }, format: 'jwk' }),
      ]),
    );
    demand(this.#verifying.size === set.keys.length, 'two keys of the set share a kid');
  }

  /** The id of the key that signs. */
  get kid(): string {
    return this.#signing[0].kid;
  }

  readonly sign: Sign = (message) => this.#signing[0].sign(message);

  /** The first key that can sign and is none of these; null when none is left. */
  signingKeyExcept(revoked: readonly string[]): SigningKey | null {
    return this.#signing.find(({ kid }) => !revoked.includes(kid)) ?? null;
  }

  readonly verify: Verify = (kid, message, signature) => {
    const key = this.#verifying.get(kid);
    return key !== undefined && verifyBytes(null, message, key, signature);
  };
}

/** Signs access tokens; its public half is the JWKS. */
export class TokenKeys extends KeyRing {}

/** Signs revocation records and watermarks; gateways get its public half with their lease. */
export class RecordKeys extends KeyRing {}
