import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError, type ErrorCode } from '../../kernel/domain-error.js';
import { readId, type OrganizationId } from '../../kernel/ids.js';
import { AdminKeys } from '../admin-keys.js';
import { principals, type Principal } from '../principal.js';
import { RefusedRequests } from '../refused-requests.js';
import { mayDo } from '../roles.js';
import { NEED, type Need } from './needs.decorator.js';

/**
 * The admin door: whose key, which organization, which role, in this order. Another organization is answered like
 * one that does not exist.
 */
@Injectable()
export class AdminGuard implements CanActivate {
  readonly #keys: AdminKeys;
  readonly #refused: RefusedRequests;

  constructor(keys: AdminKeys, refused: RefusedRequests) {
    this.#keys = keys;
    this.#refused = refused;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const need = needOf(context);
    const named = (request.params as { readonly org?: string }).org;
    const organization = named === undefined ? null : readId<OrganizationId>(named);
    const { principal, hasOrganization } = await this.#keys.open({
      authorization: request.headers.authorization,
      organization,
      lane: need.isUrgent ? 'deprovision' : 'service',
    });
    const code = refusalFor(principal, need, hasOrganization ? organization : null);
    if (code !== null) {
      await this.#refused.record({
        principal,
        code,
        route: `${request.method} ${request.routeOptions.url ?? ''}`,
        organization,
        requestId: request.id,
      });
      throw new DomainError(code, WORDS[code]);
    }
    principals.set(request, principal);
    return true;
  }
}

const WORDS: Partial<Record<ErrorCode, string>> = {
  'organization.unknown': 'there is no such organization',
  'request.path_unknown': 'nothing is served under this path',
  'credential.role_missing': 'the role of this key does not allow it',
};

function needOf(context: ExecutionContext): Need {
  const need = Reflect.getMetadata(NEED, context.getHandler()) as Need | undefined;
  if (need === undefined) throw new Error('a route of the admin API does not say what it needs');
  return need;
}

/** @param organization the one that the path names, if it exists */
function refusalFor(
  principal: Principal,
  need: Need,
  organization: OrganizationId | null,
): ErrorCode | null {
  const own = principal.organization;
  if (
    need.place === 'organization' &&
    (organization === null || (own ?? organization) !== organization)
  )
    return 'organization.unknown';
  if (need.place === 'installation' && own !== null) return 'request.path_unknown';
  if (need.reachesFurther && own !== null) return 'credential.role_missing';
  return mayDo(principal.role, need.deed) ? null : 'credential.role_missing';
}
