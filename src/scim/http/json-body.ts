import type { FastifyRequest } from 'fastify';
import { DomainError } from '../../kernel/domain-error.js';
import { isCompressed, isJson } from '../../platform/http/media-type.js';
import { MalformedBody, readBody } from '../read/body.js';

/**
 * The body of a request whose route is `unparsed`; undefined without one. What is wrong with it is not judged here but
 * where it is read: a deactivation beside a text that cannot be stored, of another media type or in what is no JSON
 * still counts (P9).
 */
export function jsonBody(request: FastifyRequest): unknown {
  const bytes = request.rawBody;
  if (bytes === null || bytes.byteLength === 0) return undefined;
  const { 'content-type': type, 'content-encoding': encoding } = request.headers;
  if (isCompressed(encoding)) return compressed();
  // No type at all is taken for JSON.
  if (type === undefined || isJson(type)) return readBody(bytes);
  return readBody(
    bytes,
    new DomainError('request.media_type', 'the body is application/scim+json'),
  );
}

/** Never unpacked: nobody knows how much is in it. It may well be somebody's deactivation (P9). */
const compressed = (): MalformedBody =>
  new MalformedBody(
    undefined,
    new DomainError('request.media_type', 'the body is not compressed'),
    true,
  );
