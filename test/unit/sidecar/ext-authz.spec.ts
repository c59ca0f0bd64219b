// P2: dead stays dead; P9: fail closed. The door that Envoy asks, with a gRPC client of its own.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, type Client, type ServiceError } from '@grpc/grpc-js';
import type { Verdict } from '../../../src/gateway/index.js';
import { Decisions } from '../../../src/sidecar/decisions.js';
import { authorization } from '../../../src/sidecar/ext-authz/authorization-service.js';
import { ExtAuthzServer } from '../../../src/sidecar/ext-authz/ext-authz-server.js';
import { Tally } from '../../../src/sidecar/tally.js';
import { ALLOW, CLAIMS, ScriptedGateway } from '../../support/scripted-gateway.js';

type Header = readonly [name: string, value: string];
interface Option {
  readonly header: { readonly key: string; readonly value: string };
  readonly appendAction: string;
}
interface Response {
  readonly status: { readonly code: number };
  readonly okResponse?: { readonly headers: Option[]; readonly headersToRemove: string[] };
  readonly deniedResponse?: {
    readonly status: { readonly code: string };
    readonly headers: Option[];
  };
}

let gateway: ScriptedGateway;
let tally: Tally;
let server: ExtAuthzServer;
let client: Client;
let directory: string;

beforeEach(async () => {
  gateway = new ScriptedGateway();
  tally = new Tally();
  server = new ExtAuthzServer(new Decisions(gateway, tally));
  directory = await mkdtemp(join(tmpdir(), 'ext-authz-'));
  client = clientOf(await server.listen({ host: '127.0.0.1', port: 0 }));
});

afterEach(async () => {
  client.close();
  await server.drain();
  await rm(directory, { recursive: true });
});

const clientOf = (address: string): Client =>
  new authorization(address, credentials.createInsecure());

async function call(http: object, through = client): Promise<Response> {
  const { path, requestSerialize, responseDeserialize } = authorization.service['Check']!;
  return new Promise((resolve, reject) => {
    const request = { attributes: { request: { http } } };
    const answered = (error: ServiceError | null, response?: unknown): void => {
      if (error === null) resolve(response as Response);
      else reject(error);
    };
    through.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, answered);
  });
}

/** As Envoy sends it: names in small letters, pseudo headers among them. */
const ask = (headers: Record<string, string>, path = '/things'): Promise<Response> =>
  call({ method: 'GET', path, headers: { ':path': path, ...headers } });

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const pairs = (options: readonly Option[] | undefined): Header[] =>
  (options ?? []).map(({ header: { key, value } }) => [key, value]);

describe('Envoy’s check', () => {
  it('lets a good token in, and says who it is', async () => {
    const { status, okResponse, deniedResponse } = await ask(bearer('good'));
    expect([status.code, deniedResponse]).toEqual([0, undefined]);
    expect(pairs(okResponse?.headers)).toEqual([
      ['x-offswitch-org', 'the-org'],
      ['x-offswitch-user', 'the-user'],
      ['x-offswitch-device', 'the-device'],
      ['x-offswitch-scopes', 'read write'],
    ]);
    for (const { appendAction } of okResponse!.headers)
      expect(appendAction).toBe('OVERWRITE_IF_EXISTS_OR_ADD');
    expect(gateway.asked).toEqual(['good']);
    expect(tally.allowed).toBe(1);
  });

  it('removes whatever a client made up, and nothing that it sets', async () => {
    const forged = {
      'x-offswitch-user': 'somebody',
      'x-offswitch-view': 'stale',
      'x-offswitch-admin': 'true',
      x_offswitch_user: 'somebody',
      'x-other': 'stays',
    };
    const { okResponse } = await ask({ ...bearer('good'), ...forged });
    expect(okResponse?.headersToRemove).toEqual([
      'x-offswitch-issuer',
      'x-offswitch-subject',
      'x-offswitch-view',
      'x-offswitch-admin',
      'x_offswitch_user',
    ]);
  });

  it('removes the user of a device without an owner', async () => {
    gateway.verdicts.set('good', { ...ALLOW, claims: { ...CLAIMS, sub: 'the-device' } });
    const { okResponse } = await ask(bearer('good'));
    expect(pairs(okResponse?.headers).map(([name]) => name)).not.toContain('x-offswitch-user');
    expect(okResponse?.headersToRemove).toContain('x-offswitch-user');
  });

  it('says when an old view decided', async () => {
    gateway.verdicts.set('good', { ...ALLOW, isStale: true });
    const { okResponse } = await ask(bearer('good'));
    expect(pairs(okResponse?.headers)).toContainEqual(['x-offswitch-view', 'stale']);
    expect(okResponse?.headersToRemove).toEqual(['x-offswitch-issuer', 'x-offswitch-subject']);
  });

  it.each<[string, Record<string, string>, string]>([
    ['revoked', bearer('revoked'), '/'],
    ['missing', {}, '/'],
    ['of another scheme', { authorization: 'Basic Z29vZA==' }, '/'],
    ['twice', { authorization: 'Bearer good,Bearer other' }, '/'],
  ])('refuses a token that is %s, always in the same words', async (_, headers, path) => {
    gateway.verdicts.set('revoked', { kind: 'deny', reason: 'revoked.user' });
    const { status, okResponse, deniedResponse } = await ask(headers, path);
    expect([status.code, okResponse]).toEqual([16, undefined]);
    expect(deniedResponse?.status.code).toBe('Unauthorized');
    expect(pairs(deniedResponse?.headers)).toEqual([
      ['www-authenticate', 'Bearer error="invalid_token"'],
      ['cache-control', 'no-store'],
    ]);
  });

  it('refuses a token in the query string', async () => {
    const { status, deniedResponse } = await ask(bearer('good'), '/things?access_token=good');
    expect(status.code).toBe(16);
    expect(pairs(deniedResponse?.headers)).toContainEqual([
      'www-authenticate',
      'Bearer error="invalid_request"',
    ]);
    expect(gateway.asked).toEqual([]);
  });

  it.each(['view.unloaded', 'view.unusable', 'view.stale'] as const)(
    'answers 503 and when to come back when nothing can be said: %s',
    async (reason) => {
      gateway.verdicts.set('good', { kind: 'unsure', reason });
      const { status, okResponse, deniedResponse } = await ask(bearer('good'));
      expect([status.code, okResponse]).toEqual([14, undefined]);
      expect(deniedResponse?.status.code).toBe('ServiceUnavailable');
      expect(pairs(deniedResponse?.headers)).toContainEqual(['retry-after', '1']);
    },
  );

  it('waits where a doubt can be cleared', async () => {
    gateway.verdicts.set('new', { kind: 'unsure', reason: 'key.unknown' });
    gateway.resolved.set('new', ALLOW);
    expect((await ask(bearer('new'))).status.code).toBe(0);
  });

  it('reads headers that Envoy was told to send raw', async () => {
    const raw = (key: string, value: string) => ({ key, rawValue: Buffer.from(value) });
    const one = raw('authorization', 'Bearer good');
    const forged = raw('x-offswitch-admin', 'true');
    const answer = await call({ path: '/', headerMap: { headers: [one, forged] } });
    expect(answer.status.code).toBe(0);
    expect(answer.okResponse?.headersToRemove).toContain('x-offswitch-admin');
    const two = [one, raw('authorization', 'Bearer other')];
    expect((await call({ path: '/', headerMap: { headers: two } })).status.code).toBe(16);
  });

  it('refuses what says nothing of an HTTP request', async () => {
    expect((await call({})).status.code).toBe(16);
  });

  it('comes over a Unix socket too, which goes with the process', async () => {
    const path = join(directory, 'envoy.sock');
    const other = new ExtAuthzServer(new Decisions(gateway, tally));
    const address = await other.listen({ path });
    expect(address).toBe(`unix:${path}`);
    expect((await stat(path)).mode & 0o777).toBe(0o666);
    const through = clientOf(address);
    expect((await call({ path: '/', headers: bearer('good') }, through)).status.code).toBe(0);
    through.close();
    await other.drain();
    await expect(stat(path)).rejects.toThrow(/ENOENT/);
  });

  it('is answered while the process ends, if it came before', async () => {
    let release: (verdict: Verdict) => void = () => undefined;
    gateway.verdicts.set('slow', { kind: 'unsure', reason: 'key.unknown' });
    gateway.resolve = () => new Promise((resolve) => (release = resolve));
    const slow = ask(bearer('slow'));
    while (gateway.asked.length === 0) await new Promise(setImmediate);
    const drained = server.drain();
    release(ALLOW);
    expect((await slow).status.code).toBe(0);
    await drained;
  });
});
