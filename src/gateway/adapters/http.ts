import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { admit, type Guarding } from '../http/admit.js';
import type { Route } from '../policy.js';
import type { Claims } from '../verdict.js';

export type GuardedListener = (
  request: IncomingMessage,
  response: ServerResponse,
  claims: Claims,
) => void;

/** A listener for `node:http` behind a gateway: what it hears has been let in. */
export const guarded =
  (gateway: Guarding, listener: GuardedListener, route?: Route): RequestListener =>
  (request, response) => {
    void admit(gateway, request, route).then((admission) => {
      if (admission.kind === 'refuse')
        response.writeHead(admission.status, admission.headers).end();
      else listener(request, response, admission.claims);
    });
  };
