import type { FastifyReply, FastifyRequest } from 'fastify';
import { admit, type Guarding } from '../http/admit.js';
import { remember } from '../http/admitted.js';
import type { Route } from '../policy.js';

export { claimsOf, foreignClaimsOf } from '../http/admitted.js';

/** An `onRequest` hook for Fastify 5, for an instance, a plugin or one route. */
export const onRequest =
  (gateway: Guarding, route?: Route) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const admission = await admit(gateway, request.raw, route);
    if (admission.kind === 'refuse')
      return reply.code(admission.status).headers(admission.headers).send();
    remember(request.raw, admission.claims);
    return undefined;
  };
