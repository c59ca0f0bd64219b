import type { AccessTokenClaims } from '../../contract/access-token.js';
import type { Denial } from '../verdict.js';
import { readClaims, type TokenRules } from './read-claims.js';

/** A token whose form and claims are right. Its signature has not been looked at. */
export interface ReadToken {
  readonly kind: 'token';
  readonly kid: string;
  readonly claims: AccessTokenClaims;
  /** The bytes that are signed: header, dot, payload. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Denied {
  readonly kind: 'deny';
  readonly reason: Denial;
}

type Json = Readonly<Record<string, unknown>>;

/** Longer texts are no token of ours. */
const LONGEST_TOKEN = 8 * 1024;
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})$/;
/** Header parameters by which a token would bring or name its own key, or change what is signed. */
const DANGEROUS = ['jku', 'jwk', 'x5u', 'x5c', 'crit', 'b64'];

const deny = (reason: Denial): Denied => ({ kind: 'deny', reason });

function objectIn(part: string): Json | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Json) : null;
  } catch {
    return null;
  }
}

/** Reads the compact form (RFC 7515 §7.1) of an access token (RFC 9068). */
export function readToken(token: string, rules: TokenRules): ReadToken | Denied {
  const parts = token.length > LONGEST_TOKEN ? null : COMPACT.exec(token);
  const [, headerPart = '', payloadPart = '', signaturePart = ''] = parts ?? [];
  const [header, payload] = [objectIn(headerPart), objectIn(payloadPart)];
  const signature = Buffer.from(signaturePart, 'base64url');
  // The last letter of a signature has spare bits: only one of its spellings is the signature's.
  const isWellFormed = signature.length === 64 && signature.toString('base64url') === signaturePart;
  if (header === null || payload === null || !isWellFormed) return deny('token.malformed');
  // `alg` is compared, never followed: neither `none` nor an HMAC can come through.
  if (header['alg'] !== 'EdDSA') return deny('token.algorithm');
  if (header['typ'] !== 'at+jwt') return deny('token.type');
  const { kid } = header;
  if (DANGEROUS.some((name) => Object.hasOwn(header, name))) return deny('token.header');
  if (typeof kid !== 'string' || kid === '') return deny('token.header');
  const claims = readClaims(payload, rules);
  if (typeof claims === 'string') return deny(claims);
  const signed = Buffer.from(`${headerPart}.${payloadPart}`, 'latin1');
  return { kind: 'token', kid, claims, signed, signature };
}
