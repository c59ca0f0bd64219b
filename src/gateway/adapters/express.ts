import type { IncomingMessage, ServerResponse } from 'node:http';
import { admit, type Guarding } from '../http/admit.js';
import { remember } from '../http/admitted.js';
import type { Route } from '../policy.js';

export { claimsOf, foreignClaimsOf } from '../http/admitted.js';

/** What Express 5 calls a handler, in the words of `node:http`: it is one for whatever else calls its handlers so. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

/**
 * A middleware for an application, a router or one route. It answers what it refuses, and reads no body: put it in
 * front of whatever does.
 */
export const protect =
  (gateway: Guarding, route?: Route): Middleware =>
  async (request, response, next) => {
    const admission = await admit(gateway, request, route);
    if (admission.kind === 'refuse') {
      response.writeHead(admission.status, admission.headers).end();
      return;
    }
    remember(request, admission.claims);
    next();
  };
