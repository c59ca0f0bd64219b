import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Origin } from '../../deprovision/index.js';
import type { Body } from '../users.js';
import { jsonBody } from './json-body.js';
import { scimOrigin } from './scim.guard.js';

const requestOf = (context: ExecutionContext): FastifyRequest =>
  context.switchToHttp().getRequest<FastifyRequest>();

/** `@From() origin: Origin`: the connection that asks. */
export const From = createParamDecorator((_: unknown, context: ExecutionContext): Origin =>
  scimOrigin.get(requestOf(context)),
);

/** `@Json() body: Body`, of a route with `@RouteConfig({ unparsed: true })`: read where its refusal is recorded. */
export const Json = createParamDecorator((_: unknown, context: ExecutionContext): Body => {
  const request = requestOf(context);
  return () => jsonBody(request);
});
