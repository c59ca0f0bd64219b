import type { FastifyReply, FastifyRequest } from 'fastify';
import { MEDIA_TYPE } from '../present/errors.js';
import { etagOf } from '../present/user.js';
import { names } from '../read/precondition.js';

/** A body is read behind the guard, and a DELETE means the same whatever body it brings. */
export const UNPARSED = { unparsed: true };

export const ifMatch = (request: FastifyRequest): string | undefined => request.headers['if-match'];

type Versioned = Parameters<typeof etagOf>[0];

/** Whether the client says that it has this version (RFC 7644 §3.14); then the answer is made: 304 and no body. */
export function isKnown(reply: FastifyReply, resource: Versioned): boolean {
  const known = reply.request.headers['if-none-match'];
  if (known === undefined || !names(known, resource.version)) return false;
  void reply.code(304).header('etag', etagOf(resource));
  return true;
}

/** What stands above a resource that is the answer. */
export function headed(reply: FastifyReply, resource: Versioned, location: string): void {
  void reply
    .header('content-type', MEDIA_TYPE)
    .header('etag', etagOf(resource))
    .header('location', location)
    .header('content-location', location);
}
