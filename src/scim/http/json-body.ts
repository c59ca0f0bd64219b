import type { FastifyRequest } from 'fastify';
import { DomainError } from '../../kernel/domain-error.js';
import { isJson } from '../../platform/http/media-type.js';
import { readBody } from '../read/body.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The body of a request whose route is `unparsed`. Its texts are not judged here but where they are read: a
 * deactivation beside one that cannot be stored still counts (P9), and so is a body that is no message.
 *
 * @returns undefined without a body
 * @throws DomainError `request.media_type`, `request.malformed`
 */
export function jsonBody(request: FastifyRequest): unknown {
  const bytes = request.rawBody;
  if (bytes === null || bytes.byteLength === 0) return undefined;
  const type = request.headers['content-type'];
  // No type at all is taken for JSON.
  if (type !== undefined && !isJson(type))
    throw new DomainError('request.media_type', 'the body is application/scim+json');
  try {
    return readBody(utf8.decode(bytes));
  } catch {
    // The parser's own words quote the body.
    throw new DomainError('request.malformed', 'the body is no JSON in UTF-8');
  }
}
