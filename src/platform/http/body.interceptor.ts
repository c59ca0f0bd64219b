import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { DomainError } from '../../kernel/domain-error.js';
import { isJson } from './media-type.js';
import { readJson } from './read-json.js';

/**
 * Reads the body behind the guards and before the pipes: until a credential has opened the route, what came with it
 * is bytes that nobody looks at.
 */
export class BodyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (request.routeOptions.config.unparsed !== true) request.body = bodyOf(request);
    return next.handle();
  }
}

/** @throws DomainError `request.media_type`, and what {@link readJson} refuses */
function bodyOf({ rawBody, headers }: FastifyRequest): unknown {
  // Any type is right for a body that is not there.
  if (rawBody === null || rawBody.byteLength === 0) return undefined;
  if (!isJson(headers['content-type']))
    throw new DomainError('request.media_type', 'the content type is not supported here');
  return readJson(rawBody);
}
