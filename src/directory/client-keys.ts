import {
  calculateJwkThumbprint,
  decodeJwt,
  decodeProtectedHeader,
  importJWK,
  jwtVerify,
  type JWK,
} from 'jose';
import { DomainError } from '../kernel/domain-error.js';

export interface CheckedKey {
  readonly thumbprint: string;
  readonly jwk: JWK;
}

export const MOST_KEYS = 10;
/** Longer than any clock is wrong, shorter than a stolen assertion is of use. */
const LONGEST_S = 600;
const SKEW_S = 60;
const RSA_LETTERS = 342; // base64url of 2048 bits

const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  OKP: ['EdDSA', 'Ed25519'],
  EC: ['ES256'],
  RSA: ['RS256', 'PS256'],
};
export const SIGNING_ALGORITHMS = Object.values(ALGORITHMS).flat();

const refused = (why: string): DomainError =>
  new DomainError('request.invalid_value', `keys: ${why}`);

/** @throws DomainError `request.invalid_value` */
export async function checkKeys(keys: readonly JWK[]): Promise<readonly CheckedKey[]> {
  const checked: CheckedKey[] = [];
  for (const key of keys) {
    if (['d', 'p', 'q', 'k'].some((member) => Object.hasOwn(key, member)))
      throw refused('a private key must stay where it is');
    const isFit =
      (key.kty === 'OKP' && key.crv === 'Ed25519') ||
      (key.kty === 'EC' && key.crv === 'P-256') ||
      (key.kty === 'RSA' && (key.n?.length ?? 0) >= RSA_LETTERS);
    if (!isFit) throw refused('each is Ed25519, P-256, or RSA of 2048 bits or more');
    checked.push(await checkedKey(key));
  }
  const prints = new Set(checked.map(({ thumbprint }) => thumbprint));
  if (prints.size < checked.length) throw refused('one stands twice');
  return checked;
}

async function checkedKey(key: JWK): Promise<CheckedKey> {
  const { kty, crv, x, y, n, e, kid } = key;
  // What is not part of the key is not kept.
  const jwk = Object.fromEntries(
    Object.entries({ kty, crv, x, y, n, e, kid }).filter(([, value]) => value !== undefined),
  ) as unknown as JWK;
  try {
    const thumbprint = await calculateJwkThumbprint(jwk);
    await importJWK(jwk, ALGORITHMS[kty ?? '']?.[0] ?? '');
    return { thumbprint, jwk };
  } catch {
    throw refused('one is no key');
  }
}

/** Whom an assertion says that it is from; null when it says nobody. Nothing is proven. */
export function clientIn(assertion: string): string | null {
  try {
    const { iss, sub } = decodeJwt(assertion);
    return iss === sub && typeof sub === 'string' ? sub : null;
  } catch {
    return null;
  }
}

export interface ProvenAssertion {
  readonly thumbprint: string;
  readonly jti: string;
  readonly expiresAt: Date;
}

/** RFC 7523 §3: signed by one of the client's keys, meant for us, new, and short-lived. Null when it is not. */
export async function proveAssertion(
  assertion: string,
  client: string,
  expected: { readonly keys: readonly CheckedKey[]; readonly audiences: readonly string[] },
): Promise<ProvenAssertion | null> {
  for (const { thumbprint, jwk } of expected.keys)
    try {
      const algorithms = ALGORITHMS[jwk.kty ?? ''] ?? [];
      const { alg = '' } = decodeProtectedHeader(assertion);
      // Nothing is done with a key that it is not for.
      if (!algorithms.includes(alg)) continue;
      const { payload } = await jwtVerify(assertion, await importJWK(jwk, alg), {
        algorithms: [alg],
        issuer: client,
        subject: client,
        audience: [...expected.audiences],
        maxTokenAge: LONGEST_S,
        clockTolerance: SKEW_S,
        requiredClaims: ['exp', 'iat', 'jti'],
      });
      const { exp = 0, iat = 0, jti } = payload;
      if (exp - iat > LONGEST_S || typeof jti !== 'string' || jti === '') return null;
      return { thumbprint, jti, expiresAt: new Date((exp + SKEW_S) * 1_000) };
    } catch {
      // Another of the keys may be the one.
    }
  return null;
}
