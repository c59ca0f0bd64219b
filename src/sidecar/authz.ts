import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway, Verdict } from '../gateway/index.js';
import { tokenOf } from './credentials.js';
import type { Tally } from './tally.js';

/** Seconds after which a client may try again: a view is fresh with the next watermark. */
const RETRY_AFTER_S = '1';

// Every answer has an empty body: with one, nginx opens a connection per request.
const EMPTY = ['content-length', '0', 'cache-control', 'no-store'];
const REFUSED = [...EMPTY, 'www-authenticate', 'Bearer error="invalid_token"'];
const UNSURE = [...EMPTY, 'retry-after', RETRY_AFTER_S];

/** Answers `/authz`: 200 with who it is, 401 the same for every refusal, 503 when nothing can be said. */
export class Authz {
  readonly #gateway: Pick<Gateway, 'check' | 'resolve'>;
  readonly #tally: Tally;

  constructor(gateway: Pick<Gateway, 'check' | 'resolve'>, tally: Tally) {
    this.#gateway = gateway;
    this.#tally = tally;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const found = tokenOf(request);
    if ('denied' in found) {
      this.#tally.refused(found.denied);
      response.writeHead(401, REFUSED).end();
      return;
    }
    const verdict = this.#gateway.check(found.token);
    if (verdict.kind === 'unsure') {
      void this.#gateway.resolve(verdict).then((resolved) => {
        this.#say(resolved, response);
      });
    } else this.#say(verdict, response);
  }

  #say(verdict: Verdict, response: ServerResponse): void {
    this.#tally.decided(verdict);
    switch (verdict.kind) {
      case 'allow':
        response.writeHead(200, identityOf(verdict)).end();
        break;
      case 'deny':
        response.writeHead(401, REFUSED).end();
        break;
      case 'unsure':
        response.writeHead(503, UNSURE).end();
        break;
    }
  }
}

/** All of them in every answer, so that a proxy which copies them overwrites what a client made up. */
function identityOf({ claims, isStale }: Extract<Verdict, { kind: 'allow' }>): string[] {
  const { org, sub, did, scope } = claims;
  const headers = [
    'content-length',
    '0',
    'cache-control',
    'no-store',
    'x-offswitch-org',
    org,
    'x-offswitch-user',
    sub === did ? '' : sub, // a device without an owner
    'x-offswitch-device',
    did,
    'x-offswitch-scopes',
    scope,
  ];
  if (isStale) headers.push('x-offswitch-view', 'stale');
  return headers;
}
