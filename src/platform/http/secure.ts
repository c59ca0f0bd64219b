import type { FastifyReply, FastifyRequest } from 'fastify';

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

/** The API's documentation is a page that loads its own scripts and inline styles. */
const POLICY_OF_DOCS =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/**
 * What every answer says. Whoever may be cached (public keys) says so afterwards. HTTPS and its headers are the
 * business of what stands before us.
 */
export function secure(reply: FastifyReply, request: FastifyRequest): void {
  void reply.headers(HEADERS).header('x-request-id', request.id);
  if (/^\/docs(\/|$)/.test(request.url))
    void reply.header('content-security-policy', POLICY_OF_DOCS);
}
