import {
  createParamDecorator,
  HttpException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { admit, type Guarding } from '../http/admit.js';
import { claimsOf, rawOf, remember, type AnyRequest } from '../http/admitted.js';
import type { Route } from '../policy.js';

export { claimsOf, foreignClaimsOf } from '../http/admitted.js';

/** What Express's response and Fastify's reply have in common. */
interface Headed {
  header(name: string, value: string): unknown;
}

/**
 * A guard for an application (`useGlobalGuards`), a controller or a handler (`@UseGuards(new GatewayGuard(…))`), on Express
 * and on Fastify. It knows HTTP only and lets nothing else pass: {@link admitStream} is for live connections.
 */
export class GatewayGuard implements CanActivate {
  readonly #gateway: Guarding;
  readonly #route: Route | undefined;

  constructor(gateway: Guarding, route?: Route) {
    this.#gateway = gateway;
    this.#route = route;
  }

  /** @throws HttpException for what it refuses, with headers that are set already */
  async canActivate(context: ExecutionContext): Promise<true> {
    if (context.getType() !== 'http') throw new TypeError('this guard knows HTTP requests only');
    const http = context.switchToHttp();
    const request = rawOf(http.getRequest<AnyRequest>());
    const admission = await admit(this.#gateway, request, this.#route);
    if (admission.kind === 'refuse') {
      const response = http.getResponse<Headed>();
      for (const [name, value] of Object.entries(admission.headers)) response.header(name, value);
      throw new HttpException(REASON[admission.status], admission.status);
    }
    remember(request, admission.claims);
    return true;
  }
}

const REASON = { 400: 'Bad Request', 401: 'Unauthorized', 503: 'Service Unavailable' } as const;

/** A handler's parameter: the claims of the token that was let in. */
export const Claims = createParamDecorator((_: unknown, context: ExecutionContext) =>
  claimsOf(context.switchToHttp().getRequest<AnyRequest>()),
);
