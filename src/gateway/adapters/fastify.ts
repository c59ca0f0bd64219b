import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AccessTokenClaims } from '../../contract/access-token.js';
import { admit, type Guarding } from '../http/admit.js';
import type { Route } from '../policy.js';

const admitted = new WeakMap<FastifyRequest, AccessTokenClaims>();

/** Whose token it was. @throws TypeError when the hook has not let the request in */
export function claimsOf(request: FastifyRequest): AccessTokenClaims {
  const claims = admitted.get(request);
  if (claims === undefined) throw new TypeError('no gateway has let this request in');
  return claims;
}

/** An `onRequest` hook for Fastify 5, for an instance, a plugin or one route. */
export const onRequest =
  (gateway: Guarding, route?: Route) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const admission = await admit(gateway, request.raw, route);
    if (admission.kind === 'refuse')
      return reply.code(admission.status).headers(admission.headers).send();
    admitted.set(request, admission.claims);
    return undefined;
  };
