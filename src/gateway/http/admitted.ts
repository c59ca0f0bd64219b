import type { IncomingMessage } from 'node:http';
import type { AccessTokenClaims } from '../../contract/access-token.js';
import type { ForeignClaims } from '../../contract/read-foreign-token.js';
import type { Claims } from '../verdict.js';

/** A request of `node:http`, or what a framework has wrapped around one. */
export type AnyRequest = IncomingMessage | { readonly raw: IncomingMessage };

const admitted = new WeakMap<IncomingMessage, Claims>();

export const rawOf = (request: AnyRequest): IncomingMessage =>
  'rawHeaders' in request ? request : request.raw;

export function remember(request: IncomingMessage, claims: Claims): void {
  admitted.set(request, claims);
}

/**
 * Whose token it was.
 *
 * @throws TypeError when no gateway has let the request in, or with a token of a foreign issuer
 */
export function claimsOf(request: AnyRequest): AccessTokenClaims {
  const claims = rememberedFor(request);
  if (!('subject' in claims)) return claims;
  throw new TypeError('this request came with a token of a foreign issuer');
}

/**
 * The same of a token of a foreign issuer; null when it was one of ours.
 *
 * @throws TypeError when no gateway has let the request in
 */
export function foreignClaimsOf(request: AnyRequest): ForeignClaims | null {
  const claims = rememberedFor(request);
  return 'subject' in claims ? claims : null;
}

function rememberedFor(request: AnyRequest): Claims {
  const claims = admitted.get(rawOf(request));
  if (claims === undefined) throw new TypeError('no gateway has let this request in');
  return claims;
}
