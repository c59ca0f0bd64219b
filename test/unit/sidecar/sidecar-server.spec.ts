// P2: dead stays dead; P9: fail closed. The door that proxies ask.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Verdict } from '../../../src/gateway/index.js';
import { Authz } from '../../../src/sidecar/authz.js';
import { Decisions } from '../../../src/sidecar/decisions.js';
import { sidecarMetrics } from '../../../src/sidecar/sidecar-metrics.js';
import { SidecarServer } from '../../../src/sidecar/sidecar-server.js';
import { Tally } from '../../../src/sidecar/tally.js';
import { ALLOW, ALLOW_FOREIGN, CLAIMS, ScriptedGateway } from '../../support/scripted-gateway.js';

let gateway: ScriptedGateway;
let tally: Tally;
let server: SidecarServer;
let url: string;
let isReady: boolean;

beforeEach(async () => {
  gateway = new ScriptedGateway();
  tally = new Tally();
  isReady = true;
  server = new SidecarServer({
    authz: new Authz(new Decisions(gateway, tally)),
    metrics: sidecarMetrics(gateway, tally),
    isReady: () => isReady,
  });
  url = await server.listen({ host: '127.0.0.1', port: 0 });
});

afterEach(async () => {
  await server.drain();
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

async function ask(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const sent = httpRequest(`${url}${path}`, { method, headers, agent: false }, resolve);
    sent.on('error', reject);
    sent.end(method === 'POST' ? 'a body that nobody reads' : undefined);
  });
  return { status: response.statusCode!, headers: response.headers, body: await text(response) };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('/authz', () => {
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])(
    'tells who it is in headers, with an empty body, to %s',
    async (method) => {
      const answer = await ask('/authz', bearer('good'), method);
      expect(answer.status).toBe(200);
      expect(answer.body).toBe('');
      expect(answer.headers).toMatchObject({
        'content-length': '0',
        'cache-control': 'no-store',
        'x-offswitch-org': 'the-org',
        'x-offswitch-user': 'the-user',
        'x-offswitch-device': 'the-device',
        'x-offswitch-scopes': 'read write',
        'x-offswitch-issuer': '',
        'x-offswitch-subject': '',
      });
      expect(answer.headers).not.toHaveProperty('x-offswitch-view');
    },
  );

  it('says who it is not, so that a made-up header is overwritten', async () => {
    gateway.verdicts.set('good', { ...ALLOW, claims: { ...CLAIMS, sub: 'the-device' } });
    const answer = await ask('/authz', { ...bearer('good'), 'x-offswitch-user': 'somebody' });
    expect(answer.headers).toMatchObject({ 'x-offswitch-user': '' });
  });

  it('names somebody of a foreign issuer by issuer and subject, and by nothing that is ours', async () => {
    gateway.verdicts.set('good', ALLOW_FOREIGN);
    const answer = await ask('/authz', { ...bearer('good'), 'x-offswitch-user': 'somebody' });
    expect([answer.status, answer.body]).toEqual([200, '']);
    expect(answer.headers).toMatchObject({
      'x-offswitch-org': 'the-org',
      'x-offswitch-user': '',
      'x-offswitch-device': '',
      'x-offswitch-scopes': 'read',
      'x-offswitch-issuer': 'https://idp.example',
      'x-offswitch-subject': 'ada@example.com',
    });
  });

  it('says when an old view decided', async () => {
    gateway.verdicts.set('good', { ...ALLOW, isStale: true });
    expect((await ask('/authz', bearer('good'))).headers).toMatchObject({
      'x-offswitch-view': 'stale',
    });
  });

  it('stands below its path too, as Envoy asks', async () => {
    expect((await ask('/authz/v1/things?page=2', bearer('good'))).status).toBe(200);
    expect((await ask('/authzother', bearer('good'))).status).toBe(404);
  });

  it.each(['bearer good', 'BEARER good'])('takes the scheme in any letters: %s', async (value) => {
    expect((await ask('/authz', { authorization: value })).status).toBe(200);
  });

  it('answers every refusal alike', async () => {
    gateway.verdicts.set('revoked', { kind: 'deny', reason: 'revoked.user' });
    gateway.verdicts.set('expired', { kind: 'deny', reason: 'token.expired' });
    const answers = await Promise.all([
      ask('/authz', bearer('revoked')),
      ask('/authz', bearer('expired')),
      ask('/authz', bearer('nonsense')),
      ask('/authz'),
      ask('/authz', { authorization: 'Basic Z29vZA==' }),
      ask('/authz', { authorization: 'good' }),
    ]);
    for (const { status, body, headers } of answers) {
      expect([status, body, { ...headers, date: '' }]).toEqual([
        401,
        '',
        {
          date: '',
          'content-length': '0',
          'cache-control': 'no-store',
          'www-authenticate': 'Bearer error="invalid_token"',
          connection: 'close',
        },
      ]);
    }
  });

  it.each([
    ['/authz?access_token=good', {}],
    ['/authz?access_token=good', bearer('good')],
    ['/authz?a=b&acces%73_token=good', bearer('good')],
    ['/authz/v1/things?access_token=good', bearer('good')],
    ['/authz', { ...bearer('good'), 'x-original-uri': '/things?access_token=good' }],
    ['/authz', { ...bearer('good'), 'x-original-url': 'https://a.example/?access_token=good' }],
    ['/authz', { ...bearer('good'), 'x-forwarded-uri': '/things?page=2&access_token=good' }],
    ['/authz', { ...bearer('good'), 'x-forwarded-uri': '/things?access_token' }],
  ])(
    'refuses a token in a query string, whatever stands beside it: %s %j',
    async (path, headers) => {
      const answer = await ask(path, headers);
      expect(answer).toMatchObject({
        status: 401,
        body: '',
        headers: { 'www-authenticate': 'Bearer error="invalid_request"' },
      });
      expect(gateway.asked).toEqual([]);
      expect((await ask('/metrics')).body).toContain(
        'gateway_denied_total{reason="request.token_in_query"} 1',
      );
    },
  );

  it('takes other queries of the original request', async () => {
    const headers = { ...bearer('good'), 'x-forwarded-uri': '/things?page=2#access_token' };
    expect((await ask('/authz', headers)).status).toBe(200);
  });

  it('refuses two Authorization headers: who knows which one the application reads', async () => {
    const port = Number(new URL(url).port);
    const socket = connect(port, '127.0.0.1');
    socket.end(
      'GET /authz HTTP/1.1\r\nhost: a\r\nauthorization: Bearer good\r\nAuthorization: Bearer other\r\nconnection: close\r\n\r\n',
    );
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 401 /);
    expect(gateway.asked).toEqual([]);
  });

  it.each(['view.unloaded', 'view.unusable', 'view.stale'] as const)(
    'answers 503 and when to come back when nothing can be said: %s',
    async (reason) => {
      gateway.verdicts.set('good', { kind: 'unsure', reason });
      const { status, headers, body } = await ask('/authz', bearer('good'));
      expect([status, headers['retry-after'], body]).toEqual([503, '1', '']);
    },
  );

  it('waits for new keys when the key id is not known', async () => {
    gateway.verdicts.set('new', { kind: 'unsure', reason: 'key.unknown' });
    gateway.resolved.set('new', ALLOW);
    expect((await ask('/authz', bearer('new'))).status).toBe(200);
    gateway.verdicts.set('nobodys', { kind: 'unsure', reason: 'key.unknown' });
    gateway.resolved.set('nobodys', { kind: 'deny', reason: 'key.unknown' });
    expect((await ask('/authz', bearer('nobodys'))).status).toBe(401);
  });

  it('takes the many headers that a proxy hands on', async () => {
    const cookie = 'c='.padEnd(40_000, 'x');
    expect((await ask('/authz', { ...bearer('good'), cookie })).status).toBe(200);
  });
});

describe('a Unix socket', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'socket-'));
    path = join(directory, 'gateway.sock');
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  const newServer = (): SidecarServer =>
    new SidecarServer({
      authz: new Authz(new Decisions(gateway, tally)),
      metrics: sidecarMetrics(gateway, tally),
      isReady: () => true,
    });

  async function status(): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const headers = bearer('good');
      const sent = httpRequest({ socketPath: path, path: '/authz', headers, agent: false });
      sent.on('error', reject);
      sent.on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.end();
    });
  }

  it('is a door too, for a proxy of another account, and goes with the process', async () => {
    const server = newServer();
    expect(await server.listen({ path })).toBe(`unix:${path}`);
    expect((await stat(path)).mode & 0o777).toBe(0o666);
    expect(await status()).toBe(200);
    await server.drain();
    await expect(stat(path)).rejects.toThrow(/ENOENT/);
  });

  it('that a killed process left behind is replaced', async () => {
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    expect(spawnSync(process.execPath, ['-e', script]).signal).toBe('SIGKILL');
    expect((await stat(path)).isSocket()).toBe(true);
    const server = newServer();
    await server.listen({ path });
    expect(await status()).toBe(200);
    await server.drain();
  });

  it('of a process that lives is left alone, and so is a file', async () => {
    const first = newServer();
    await first.listen({ path });
    await expect(newServer().listen({ path })).rejects.toThrow(/EADDRINUSE/);
    expect(await status()).toBe(200);
    await first.drain();
    await writeFile(path, 'precious');
    await expect(newServer().listen({ path })).rejects.toThrow(/EADDRINUSE/);
    expect(await readFile(path, 'utf8')).toBe('precious');
  });
});

describe('the other paths', () => {
  it('tell whether the process lives and may decide', async () => {
    expect((await ask('/health/live')).status).toBe(200);
    expect((await ask('/health/ready')).status).toBe(200);
    isReady = false;
    expect((await ask('/health/live')).status).toBe(200);
    expect((await ask('/health/ready')).status).toBe(503);
    expect((await ask('/')).status).toBe(404);
  });

  it('tell what was counted', async () => {
    gateway.verdicts.set('revoked', { kind: 'deny', reason: 'revoked.user' });
    gateway.verdicts.set('unsure', { kind: 'unsure', reason: 'view.stale' });
    for (const token of ['good', 'good', 'revoked', 'unsure']) await ask('/authz', bearer(token));
    await ask('/authz');
    tally.alarm('view_conflict', 2);
    const lines = (await ask('/metrics')).body.split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'gateway_view_age_seconds 1.5',
        'gateway_view_state{state="fresh"} 1',
        'gateway_view_state{state="stale"} 0',
        'gateway_remembered_subjects 3',
        'gateway_decisions_total{decision="allow"} 2',
        'gateway_decisions_total{decision="deny"} 2',
        'gateway_decisions_total{decision="unsure"} 1',
        'gateway_denied_total{reason="revoked.user"} 1',
        'gateway_denied_total{reason="request.token_missing"} 1',
        'gateway_unsure_total{reason="view.stale"} 1',
        'gateway_alarms_total{alarm="view_conflict"} 2',
        'use_after_revoke_total 0',
      ]),
    );
    gateway.now = { state: 'unloaded' };
    expect((await ask('/metrics')).body).toContain('gateway_view_age_seconds +Inf');
  });
});

describe('the end', () => {
  it('lets answers out that are under way, and takes no new connections', async () => {
    let release: (verdict: Verdict) => void = () => undefined;
    gateway.verdicts.set('slow', { kind: 'unsure', reason: 'key.unknown' });
    gateway.resolve = () => new Promise((resolve) => (release = resolve));
    const slow = ask('/authz', bearer('slow'));
    while (gateway.asked.length === 0) await new Promise(setImmediate);
    const drained = server.drain();
    await expect(ask('/authz', bearer('good'))).rejects.toThrow(/ECONNREFUSED/);
    release(ALLOW);
    expect((await slow).status).toBe(200);
    await drained;
  });
});
