import type { IncomingMessage, ServerResponse } from 'node:http';
import { URL_HEADERS, type Presented } from './credentials.js';
import {
  identityOf,
  RETRY_AFTER_S,
  STALE_VIEW,
  type Allowed,
  type Answer,
  type Decisions,
} from './decisions.js';

// Every answer has an empty body: with one, nginx opens a connection per request.
const EMPTY = ['content-length', '0', 'cache-control', 'no-store'];
const REFUSED = {
  invalid_token: [...EMPTY, 'www-authenticate', 'Bearer error="invalid_token"'],
  invalid_request: [...EMPTY, 'www-authenticate', 'Bearer error="invalid_request"'],
};
const UNSURE = [...EMPTY, 'retry-after', RETRY_AFTER_S];

/** Answers `/authz`: 200 with who it is, 401 the same for every refusal, 503 when nothing can be said. */
export class Authz {
  readonly #decisions: Decisions;

  constructor(decisions: Decisions) {
    this.#decisions = decisions;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const answer = this.#decisions.on(presentedBy(request));
    if (answer instanceof Promise) {
      void answer.then((later) => {
        say(later, response);
      });
    } else say(answer, response);
  }
}

function say(answer: Answer, response: ServerResponse): void {
  switch (answer.kind) {
    case 'allow':
    case 'allow-foreign':
      response.writeHead(200, allowed(answer));
      break;
    case 'refused':
      response.writeHead(401, REFUSED[answer.error]);
      break;
    case 'unsure':
      response.writeHead(503, UNSURE);
      break;
  }
  response.end();
}

/** All of them in every answer, so that a proxy which copies them overwrites what a client made up. */
function allowed(answer: Allowed): string[] {
  const headers = [...EMPTY];
  for (const [name, value] of identityOf(answer)) headers.push(name, value);
  if (answer.isStale) headers.push(...STALE_VIEW);
  return headers;
}

function presentedBy({ headers, rawHeaders, url }: IncomingMessage): Presented {
  return {
    authorization: headers.authorization,
    authorizations: countOf(rawHeaders),
    // Envoy's HTTP service and some forward-auth proxies put the query of the original request behind our path.
    urls: [url, ...URL_HEADERS.map((name) => headers[name])],
  };
}

/** Node keeps the first of several and hides the rest. */
function countOf(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 13 && name.toLowerCase() === 'authorization') count += 1;
  }
  return count;
}
