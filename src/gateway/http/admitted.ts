import type { IncomingMessage } from 'node:http';
import type { AccessTokenClaims } from '../../contract/access-token.js';

/** A request of `node:http`, or what a framework has wrapped around one. */
export type AnyRequest = IncomingMessage | { readonly raw: IncomingMessage };

const admitted = new WeakMap<IncomingMessage, AccessTokenClaims>();

export const rawOf = (request: AnyRequest): IncomingMessage =>
  'rawHeaders' in request ? request : request.raw;

export function remember(request: IncomingMessage, claims: AccessTokenClaims): void {
  admitted.set(request, claims);
}

/** Whose token it was. @throws TypeError when no gateway has let the request in */
export function claimsOf(request: AnyRequest): AccessTokenClaims {
  const claims = admitted.get(rawOf(request));
  if (claims === undefined) throw new TypeError('no gateway has let this request in');
  return claims;
}
