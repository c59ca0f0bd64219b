// P6: what we do not know is a 503; P9: fail closed. What a request meets in front of a server of one's own.
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import type { AccessTokenClaims } from '../../../src/contract/access-token.js';
import { claimsOf, onRequest } from '../../../src/gateway/adapters/fastify.js';
import { guarded } from '../../../src/gateway/adapters/http.js';
import type { Route, Unsure, Verdict } from '../../../src/gateway/index.js';

const CLAIMS = { sub: 'the-user', did: 'the-device' } as AccessTokenClaims;
const ALLOW: Verdict = { kind: 'allow', claims: CLAIMS, isStale: false };
const UNSURE: Unsure = { kind: 'unsure', reason: 'view.stale' };

class ScriptedGateway {
  readonly routes: (Route | undefined)[] = [];
  resolved: Verdict | Error = UNSURE;

  check(token: string, route?: Route): Verdict {
    this.routes.push(route);
    if (token === 'good') return ALLOW;
    return token === 'unsure' ? UNSURE : { kind: 'deny', reason: 'revoked.user' };
  }

  resolve(): Promise<Verdict> {
    const { resolved } = this;
    return resolved instanceof Error ? Promise.reject(resolved) : Promise.resolve(resolved);
  }
}

const ROUTE: Route = { policy: 'strict' };
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const servers = {
  async http(gateway: ScriptedGateway): Promise<number> {
    const listener = guarded(
      gateway,
      ({ headers, rawHeaders }, response, claims) =>
        response.end(JSON.stringify({ sub: claims.sub, headers, rawHeaders })),
      ROUTE,
    );
    const server = createServer(listener);
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  },
  async fastify(gateway: ScriptedGateway): Promise<number> {
    const server = fastify();
    server.addHook('onRequest', onRequest(gateway, ROUTE));
    server.get('/', (request) => ({
      sub: claimsOf(request).sub,
      headers: request.headers,
      rawHeaders: request.raw.rawHeaders,
    }));
    closing.push(() => server.close());
    await server.listen({ port: 0, host: '127.0.0.1' });
    return (server.server.address() as AddressInfo).port;
  },
};

interface Heard {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

const get = (port: number, headers: readonly string[], path = '/'): Promise<Heard> =>
  new Promise((resolve, reject) => {
    const all = ['host', '127.0.0.1', 'connection', 'close', ...headers];
    const request = httpRequest({ port, host: '127.0.0.1', path, headers: all }, (response) => {
      text(response).then((body) => {
        resolve({ status: response.statusCode, headers: response.headers, body });
      }, reject);
    });
    request.on('error', reject).end();
  });

const bearer = (token: string): string[] => ['authorization', `Bearer ${token}`];

describe.each(['http', 'fastify'] as const)('a server behind the adapter for %s', (kind) => {
  it('hears what is let in, under the policy of its route', async () => {
    const gateway = new ScriptedGateway();
    const answer = await get(await servers[kind](gateway), bearer('good'));
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([200, { sub: 'the-user' }]);
    expect(gateway.routes).toEqual([ROUTE]);
  });

  it('never hears what a client says about who it is', async () => {
    const port = await servers[kind](new ScriptedGateway());
    const forged = ['X-Offswitch-User', 'the-boss', 'x-offswitch-org', 'another', 'x-own', 'kept'];
    const { status, body } = await get(port, [...bearer('good'), ...forged]);
    expect([status, body.includes('kept')]).toEqual([200, true]);
    expect(body).not.toMatch(/x-offswitch|the-boss|another/i);
  });

  it.each<[string, string[], string, number, string | undefined]>([
    ['no token', [], '/', 401, 'Bearer'],
    ['another scheme', ['authorization', 'Basic Zm9v'], '/', 401, 'Bearer'],
    ['a revoked token', bearer('revoked'), '/', 401, 'Bearer error="invalid_token"'],
    ['a token in the query', [], '/?access_token=good', 400, 'Bearer error="invalid_request"'],
    ['both', bearer('good'), '/?access_token=x', 400, 'Bearer error="invalid_request"'],
    [
      'two tokens',
      [...bearer('good'), ...bearer('revoked')],
      '/',
      400,
      'Bearer error="invalid_request"',
    ],
    ['a token about which nobody knows', bearer('unsure'), '/', 503, undefined],
  ])('refuses %s', async (_, headers, path, status, challenge) => {
    const answer = await get(await servers[kind](new ScriptedGateway()), headers, path);
    expect([answer.status, answer.headers['www-authenticate'], answer.body]).toEqual([
      status,
      challenge,
      '',
    ]);
    expect(answer.headers['retry-after']).toBe(status === 503 ? '1' : undefined);
  });

  it.each<[Verdict, number]>([
    [ALLOW, 200],
    [{ kind: 'deny', reason: 'token.inactive' }, 401],
  ])('waits for a doubt to be cleared: %j', async (resolved, status) => {
    const gateway = new ScriptedGateway();
    gateway.resolved = resolved;
    expect((await get(await servers[kind](gateway), bearer('unsure'))).status).toBe(status);
  });
});
