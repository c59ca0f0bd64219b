import type { AccessTokenClaims } from './access-token.js';
import { readClaims, type TokenDenial, type TokenRules } from './read-claims.js';

/** Base64url (RFC 4648 §5) as the host does it: a gateway reads tokens all day. */
export interface Base64url {
  /** Letters that are none of the alphabet's never get here. */
  readonly toBytes: (text: string) => Uint8Array;
  /** The UTF-8 text in it. */
  readonly toText: (text: string) => string;
  readonly ofBytes: (bytes: Uint8Array) => string;
}

/** A token whose form and claims are right. Its signature has not been looked at. */
export interface ReadToken {
  readonly kind: 'token';
  readonly kid: string;
  readonly claims: AccessTokenClaims;
  /** What is signed: header, dot, payload. All of it is ASCII. */
  readonly signed: string;
  readonly signature: Uint8Array;
}

export interface Denied {
  readonly kind: 'deny';
  readonly reason: TokenDenial;
}

type Json = Readonly<Record<string, unknown>>;

/** Longer texts are no token of ours. */
const LONGEST_TOKEN = 8 * 1024;
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})$/;
/** Header parameters by which a token would bring or name its own key, or change what is signed. */
const DANGEROUS = ['jku', 'jwk', 'x5u', 'x5c', 'crit', 'b64'];

const deny = (reason: TokenDenial): Denied => ({ kind: 'deny', reason });

export const namesItsKey = (header: Json): boolean =>
  DANGEROUS.some((name) => Object.hasOwn(header, name));

/** Null when the text is no JSON, or no object. */
export function jsonObjectIn(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Json) : null;
  } catch {
    return null;
  }
}

/** Reads the compact form (RFC 7515 §7.1) of an access token (RFC 9068). */
export function readToken(
  token: string,
  rules: TokenRules,
  { toBytes, toText, ofBytes }: Base64url,
): ReadToken | Denied {
  const parts = token.length > LONGEST_TOKEN ? null : COMPACT.exec(token);
  const [, headerPart = '', payloadPart = '', signaturePart = ''] = parts ?? [];
  const [header, payload] = [jsonObjectIn(toText(headerPart)), jsonObjectIn(toText(payloadPart))];
  const signature = toBytes(signaturePart);
  // The last letter of a signature has spare bits: only one of its spellings is the signature's.
  const isWellFormed = signature.length === 64 && ofBytes(signature) === signaturePart;
  if (header === null || payload === null || !isWellFormed) return deny('token.malformed');
  // `alg` is compared, never followed: neither `none` nor an HMAC can come through.
  if (header['alg'] !== 'EdDSA') return deny('token.algorithm');
  if (header['typ'] !== 'at+jwt') return deny('token.type');
  const { kid } = header;
  if (namesItsKey(header)) return deny('token.header');
  if (typeof kid !== 'string' || kid === '') return deny('token.header');
  const claims = readClaims(payload, rules);
  if (typeof claims === 'string') return deny(claims);
  return { kind: 'token', kid, claims, signed: `${headerPart}.${payloadPart}`, signature };
}
