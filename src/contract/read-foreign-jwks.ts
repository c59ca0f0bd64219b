import { MessageRefused } from './read.js';

/** Allowed for tokens of others: asymmetric, and strong enough. The key decides which of them it may be used for. */
export const FOREIGN_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
export type ForeignAlgorithm = (typeof FOREIGN_ALGORITHMS)[number];

/** The public part of a key that may sign tokens of a foreign issuer (RFC 7517, RFC 7518 §6, RFC 8037). */
export type ForeignJwk = {
  readonly kid: string;
  readonly algorithms: readonly ForeignAlgorithm[];
} & (
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
);

type Json = Readonly<Record<string, unknown>>;

/** More keys than anybody announces at once. */
const MOST_KEYS = 100;
const BYTES_32 = /^[A-Za-z0-9_-]{43}$/;
/** Up to 8,192 bits. */
const MODULUS = /^[A-Za-z0-9_-]{342,1366}$/;
const EXPONENT = /^[A-Za-z0-9_-]{1,8}$/;

const matches = (value: unknown, form: RegExp): value is string =>
  typeof value === 'string' && form.test(value);

/**
 * The keys of a set that may be used. Others are left out (RFC 7517 §5): symmetric and private-only ones, keys for
 * encryption, keys without a name, of another algorithm or curve.
 *
 * @throws MessageRefused
 */
export function readForeignJwks(value: unknown): readonly ForeignJwk[] {
  const keys = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : null;
  if (!Array.isArray(keys)) throw new MessageRefused('the set has no keys');
  if (keys.length > MOST_KEYS) throw new MessageRefused('the set has too many keys');
  return (keys as unknown[]).flatMap((key) => readKey(key));
}

/** A JWK again, without anything private: read anew it is the same. */
export function publicForm({ algorithms: [only, ...others], ...jwk }: ForeignJwk): object {
  return others.length === 0 ? { ...jwk, alg: only } : jwk;
}

function readKey(value: unknown): ForeignJwk[] {
  if (typeof value !== 'object' || value === null) return [];
  const key = value as Json;
  const { kid, kty, alg, use, n, e, x, y } = key;
  const ops = key['key_ops'];
  if (typeof kid !== 'string' || kid === '' || kid.length > 256) return [];
  if (use !== undefined && use !== 'sig') return [];
  if (ops !== undefined && !(Array.isArray(ops) && ops.includes('verify'))) return [];
  const fit = kindsOf(key);
  const algorithms = alg === undefined ? fit : fit.filter((one) => one === alg);
  if (algorithms.length === 0) return [];
  const named = { kid, algorithms };
  if (kty === 'RSA') return [{ ...named, kty, n: n as string, e: e as string }];
  if (kty === 'EC') return [{ ...named, kty, crv: 'P-256', x: x as string, y: y as string }];
  return [{ ...named, kty: 'OKP', crv: 'Ed25519', x: x as string }];
}

/** What a key of this kind may sign with; nothing when it is none that we know. */
function kindsOf({ kty, crv, n, e, x, y }: Json): readonly ForeignAlgorithm[] {
  if (kty === 'RSA') return matches(n, MODULUS) && matches(e, EXPONENT) ? ['RS256', 'PS256'] : [];
  if (kty === 'EC')
    return crv === 'P-256' && matches(x, BYTES_32) && matches(y, BYTES_32) ? ['ES256'] : [];
  return kty === 'OKP' && crv === 'Ed25519' && matches(x, BYTES_32) ? ['EdDSA'] : [];
}
