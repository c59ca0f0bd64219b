import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { markOf, type RequestMark } from './request.js';

/** `@Mark() mark: RequestMark`: the request's id and the time it arrived. */
export const Mark = createParamDecorator((_: unknown, context: ExecutionContext): RequestMark =>
  markOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
