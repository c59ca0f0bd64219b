import type { Hash } from './crypto-types.js';
import { foreignSubject } from './foreign-subject.js';
import type { ForeignIssuer } from './lease.js';
import type { TokenDenial } from './read-claims.js';
import { FOREIGN_ALGORITHMS, type ForeignAlgorithm } from './read-foreign-jwks.js';
import { jsonObjectIn, namesItsKey, type Base64url, type Denied } from './read-token.js';

/** What is known of somebody who comes with a token of a foreign issuer. Times are unix seconds. */
export interface ForeignClaims {
  /** The organization that the issuer is registered for. */
  readonly org: string;
  readonly iss: string;
  /** As the issuer names the person: of no use but with `iss`. */
  readonly sub: string;
  /** The audience that the issuer is registered with. */
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
  /** `scope` (RFC 9068) or `scp`, separated by spaces; empty when it has none. */
  readonly scope: string;
  /** How revocation records name the person. */
  readonly subject: string;
}

/** A token whose form and claims are right. Its signature has not been looked at. */
export interface ReadForeignToken {
  readonly kind: 'token';
  readonly issuer: ForeignIssuer;
  readonly algorithm: ForeignAlgorithm;
  readonly kid: string;
  readonly claims: ForeignClaims;
  /** The later of `iat` and `nbf`. */
  readonly startsAt: number;
  /** What is signed: header, dot, payload. All of it is ASCII. */
  readonly signed: string;
  readonly signature: Uint8Array;
}

export interface ForeignReading {
  /** Registrations of an issuer, one for each audience. */
  readonly issuers: (iss: string) => readonly ForeignIssuer[];
  readonly base64url: Base64url;
  readonly hash: Hash;
}

type Json = Readonly<Record<string, unknown>>;

const LONGEST_TOKEN = 16 * 1024;
/** A signature has 64 bytes (EC, Ed25519), or up to 1,024 (RSA). */
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86,1366})$/;
/** RFC 7519 §5.1 and RFC 9068 §2.1; many issuers leave it out. */
const TYPES = ['jwt', 'at+jwt', 'application/at+jwt'];
/** OpenID Connect Core §2 has ASCII; what is not visible, or has a space, would not be safe in a header. */
const SUB = /^[\x21-\x7e]{1,255}$/;
/** RFC 6749 §3.3; also what may stand in a response header. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;

const isSeconds = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

const deny = (reason: TokenDenial): Denied => ({ kind: 'deny', reason });

/** Null when it is nobody's whom we know. */
export function readForeignToken(
  token: string,
  reading: ForeignReading,
): ReadForeignToken | Denied | null {
  const { toBytes, toText, ofBytes } = reading.base64url;
  const parts = token.length > LONGEST_TOKEN ? null : COMPACT.exec(token);
  if (parts === null) return null;
  const [, headerPart = '', payloadPart = '', signaturePart = ''] = parts;
  const payload = jsonObjectIn(toText(payloadPart));
  const iss = payload?.['iss'];
  const known = typeof iss === 'string' ? reading.issuers(iss) : [];
  if (payload === null || known.length === 0) return null;
  const header = jsonObjectIn(toText(headerPart));
  const signature = toBytes(signaturePart);
  if (header === null || ofBytes(signature) !== signaturePart) return deny('token.malformed');
  const algorithm = FOREIGN_ALGORITHMS.find((allowed) => allowed === header['alg']);
  if (algorithm === undefined) return deny('token.algorithm');
  if (!isTokenType(header['typ'])) return deny('token.type');
  const { kid } = header;
  if (namesItsKey(header) || typeof kid !== 'string' || kid === '') return deny('token.header');
  const issuer = registrationFor(payload['aud'], known);
  if (issuer === null) return deny('token.audience');
  const claims = readClaims(payload, issuer, reading.hash);
  if (typeof claims === 'string') return deny(claims);
  const { nbf } = payload;
  if (nbf !== undefined && !isSeconds(nbf)) return deny('token.not_yet');
  const startsAt = Math.max(claims.iat, nbf ?? 0);
  const signed = `${headerPart}.${payloadPart}`;
  return { kind: 'token', issuer, algorithm, kid, claims, startsAt, signed, signature };
}

const isTokenType = (typ: unknown): boolean =>
  typ === undefined || (typeof typ === 'string' && TYPES.includes(typ.toLowerCase()));

/** A token for several of our audiences could mean several organizations: it means none. */
function registrationFor(aud: unknown, known: readonly ForeignIssuer[]): ForeignIssuer | null {
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const [only, ...others] = known.filter(({ audience }) => audiences.includes(audience));
  return only === undefined || others.length > 0 ? null : only;
}

function readClaims(
  { sub, iat, exp, scope, scp }: Json,
  issuer: ForeignIssuer,
  hash: Hash,
): ForeignClaims | TokenDenial {
  if (typeof sub !== 'string' || !SUB.test(sub)) return 'token.claims';
  if (!isSeconds(iat) || !isSeconds(exp)) return 'token.claims';
  if (exp <= iat || exp - iat > issuer.max_ttl_s) return 'token.lifetime';
  const name = issuer.folds_sub ? sub.toLowerCase() : sub;
  return Object.freeze({
    org: issuer.org,
    iss: issuer.issuer,
    sub,
    aud: issuer.audience,
    iat,
    exp,
    scope: readScope(scope ?? scp),
    subject: foreignSubject(issuer.issuer, name, hash),
  });
}

/** One that cannot be read gives nothing. */
function readScope(value: unknown): string {
  const text: unknown = Array.isArray(value) ? value.join(' ') : value;
  return typeof text === 'string' && SCOPE.test(text) ? text : '';
}
