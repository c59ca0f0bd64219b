import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Operator } from '../../deprovision/index.js';
import type { Asking } from '../../directory/index.js';
import type { OrganizationId } from '../../kernel/ids.js';
import { markOf, type RequestMark } from '../../platform/http/request.js';
import { askingOf, principals, type Principal } from '../principal.js';

/** Who asks, as the guard found out, and which request it is. */
export interface Calling extends RequestMark {
  readonly principal: Principal;
  readonly asking: Asking;
}

/** `@Caller() caller: Calling` */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Calling => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const principal = principals.get(request);
  return { ...markOf(request), principal, asking: askingOf(principal, request.id) };
});

/** The caller as the heart wants to know it. */
export const operatorOf = (
  organization: OrganizationId,
  { asking, requestId, receivedAt }: Calling,
): Operator => ({ organization, actor: asking.actor, requestId, receivedAt });
