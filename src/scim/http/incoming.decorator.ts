import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Origin } from '../../deprovision/index.js';
import type { Body } from '../users.js';
import { GROUPS } from '../read/group-schema.js';
import { strictly } from '../read/strict.js';
import { USERS } from '../read/user-schema.js';
import { jsonBody } from './json-body.js';
import { scimOrigin, scimTerms } from './scim.guard.js';
import { operationOf } from './watched.js';

const requestOf = (context: ExecutionContext): FastifyRequest =>
  context.switchToHttp().getRequest<FastifyRequest>();

/** `@From() origin: Origin`: the connection that asks. */
export const From = createParamDecorator((_: unknown, context: ExecutionContext): Origin =>
  scimOrigin.get(requestOf(context)),
);

/** `@Json() body: Body`, of a route with `@RouteConfig({ unparsed: true })`: read where its refusal is recorded. */
export const Json = createParamDecorator((_: unknown, context: ExecutionContext): Body => {
  const request = requestOf(context);
  const { interop } = scimTerms.get(request);
  const [type = '', deed] = operationOf(request.method, request.routeOptions.url ?? '').split('.');
  const read = (): unknown => {
    const body = jsonBody(request);
    return interop === 'strict' ? strictlyAt(body, type, deed) : body;
  };
  return Object.assign(read, { interop });
});

/** Searches have a form of their own, and operations of a bulk request are looked at one by one. */
function strictlyAt(body: unknown, type: string, deed: string | undefined): unknown {
  if (deed !== 'create' && deed !== 'replace' && deed !== 'patch') return body;
  return strictly(body, deed, type === 'groups' ? GROUPS : USERS);
}
