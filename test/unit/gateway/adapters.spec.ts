// P6: what we do not know is a 503; P9: fail closed. What a request meets in front of a server of one's own.
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Logger,
  Module,
  Req,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express from 'express';
import { fastify } from 'fastify';
import type { AccessTokenClaims } from '../../../src/contract/access-token.js';
import { claimsOf as claimsOfExpress, protect } from '../../../src/gateway/adapters/express.js';
import { claimsOf, onRequest } from '../../../src/gateway/adapters/fastify.js';
import { guarded } from '../../../src/gateway/adapters/http.js';
import { Claims, GatewayGuard } from '../../../src/gateway/adapters/nestjs.guard.js';
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

Logger.overrideLogger(false);

@Controller()
class Things {
  @Get()
  thing(@Req() request: IncomingMessage, @Claims() claims: AccessTokenClaims) {
    const { rawHeaders } = 'raw' in request ? (request.raw as IncomingMessage) : request;
    return { sub: claims.sub, headers: request.headers, rawHeaders };
  }
}

@Module({ controllers: [Things] })
class Application {}

async function listening(app: INestApplication, gateway: ScriptedGateway): Promise<number> {
  app.useGlobalGuards(new GatewayGuard(gateway, ROUTE));
  closing.push(() => app.close());
  await app.listen(0, '127.0.0.1');
  return Number(new URL(await app.getUrl()).port);
}

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
  async express(gateway: ScriptedGateway): Promise<number> {
    const app = express();
    app.use(protect(gateway, ROUTE));
    app.get('/', (request, response) => {
      const { headers, rawHeaders } = request;
      response.json({ sub: claimsOfExpress(request).sub, headers, rawHeaders });
    });
    const server = createServer(app);
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  },
  'NestJS on Express': async (gateway: ScriptedGateway): Promise<number> =>
    listening(await NestFactory.create(Application, new ExpressAdapter()), gateway),
  'NestJS on Fastify': async (gateway: ScriptedGateway): Promise<number> =>
    listening(await NestFactory.create(Application, new FastifyAdapter()), gateway),
};
const KINDS = Object.keys(servers) as (keyof typeof servers)[];

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

describe.each(KINDS)('a server behind the adapter for %s', (kind) => {
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
    const { headers: said, body } = answer;
    expect([answer.status, said['www-authenticate']]).toEqual([status, challenge]);
    expect(said['cache-control']).toBe('no-store');
    expect(said['retry-after']).toBe(status === 503 ? '1' : undefined);
    // What NestJS says of a status is the same for every reason.
    const word = { 400: 'Bad Request', 401: 'Unauthorized', 503: 'Service Unavailable' }[status];
    expect(body).toBe(
      kind.startsWith('NestJS') ? JSON.stringify({ statusCode: status, message: word }) : '',
    );
  });

  it.each<[Verdict, number]>([
    [ALLOW, 200],
    [{ kind: 'deny', reason: 'token.inactive' }, 401],
  ])('waits for a doubt to be cleared: %j', async (resolved, status) => {
    const gateway = new ScriptedGateway();
    gateway.resolved = resolved;
    expect((await get(await servers[kind](gateway), bearer('unsure'))).status).toBe(status);
  });

  it('is 503, and hears nothing, when asking for a doubt to be cleared fails', async () => {
    const gateway = new ScriptedGateway();
    gateway.resolved = new Error('broken');
    const { status, headers } = await get(await servers[kind](gateway), bearer('unsure'));
    expect([status, headers['retry-after']]).toEqual([503, '1']);
  });
});

describe('the guard for NestJS', () => {
  it.each(['rpc', 'ws'])('lets nothing pass that is no HTTP request (%s)', async (type) => {
    const context = { getType: () => type } as unknown as ExecutionContext;
    const judged = new GatewayGuard(new ScriptedGateway()).canActivate(context);
    await expect(judged).rejects.toThrow('HTTP requests only');
  });
});

describe('the claims of a request', () => {
  it('are nobody’s when no gateway has let it in', async () => {
    const app = express();
    app.get('/', (request) => claimsOfExpress(request));
    const server = createServer(app);
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect((await get(port, bearer('good'))).status).toBe(500);
  });
});
