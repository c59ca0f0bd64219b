import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../../kernel/domain-error.js';
import { refuseUnstorable } from './read-json.js';

/** `RouteParamtypes.QUERY` of @nestjs/common: how a handler's `@Query()` is noted. */
const QUERY = '4:';

/** Protocols whose clients may add parameters of their own: SCIM, webhooks, OAuth, shared signals. */
const LENIENT = ['/scim/', '/webhooks/', '/oauth2/', '/ssf/', '/docs'];

/**
 * A parameter that nobody reads is refused: a misspelled filter must not answer everything. Handlers with a
 * `@Query()` class check their own. Text that PostgreSQL cannot store is refused wherever the path or the query
 * brings it.
 */
export class QueryGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    refuseUnstorableIn(request.params);
    refuseUnstorableIn(request.query);
    if (LENIENT.some((prefix) => request.url.startsWith(prefix))) return true;
    const [first] = Object.keys(request.query as object);
    if (first !== undefined && !readsQuery(context))
      throw new DomainError('request.unknown_parameter', 'this path takes no query parameters');
    return true;
  }
}

function refuseUnstorableIn(values: unknown): void {
  for (const value of Object.values(values ?? {}).flat() as unknown[])
    if (typeof value === 'string') refuseUnstorable(value);
}

function readsQuery(context: ExecutionContext): boolean {
  const names: unknown = Reflect.getMetadata(
    ROUTE_ARGS_METADATA,
    context.getClass(),
    context.getHandler().name,
  );
  return Object.keys(names ?? {}).some((key) => key.startsWith(QUERY));
}
