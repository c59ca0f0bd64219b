// P3: bounded staleness; P9: fail closed. The files of examples/, read by the proxies that they are for.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Secret } from '../../../src/kernel/secret.js';
import { startSidecar, type Sidecar } from '../../../src/sidecar/index.js';
import { TokenMint } from '../../support/access-tokens.js';
import { eventually } from '../../support/eventually.js';
import { FakeService } from '../../support/fake-service.js';
import { kafkaBrokers, topicPrefix } from '../../support/kafka.js';
import { LiveTopic } from '../../support/live-topic.js';
import { isInstalled, PROXIES, RunningProxy, type ProxyKind } from '../../support/proxies.js';
import { RememberingLog } from '../../support/remembering-log.js';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const mint = new TokenMint();
const nowS = (): number => Math.floor(Date.now() / 1000);
const installed = PROXIES.filter(isInstalled);
const cases = PROXIES.map((kind) => [kind.name, kind] as const);
const log = new RememberingLog();
const stop = new AbortController();

let topic: LiveTopic;
let service: FakeService;
let sidecar: Sidecar;
let directory: string;
const proxies = new Map<ProxyKind, RunningProxy>();

/** Tells what has reached it. */
const application = createServer((request, response) => {
  void text(request).then((body) => {
    const { method, url, headers } = request;
    response.statusCode = url === '/broken' ? 500 : 200;
    response.end(JSON.stringify({ method, url, headers, body }));
  });
});

beforeAll(async () => {
  const brokers = await kafkaBrokers();
  topic = await LiveTopic.create(brokers, topicPrefix(), { partitions: 1 });
  service = await FakeService.start(topic.lease({ staleness_ms: 2_000 }));
  service.tokenKeys.push(mint.jwk);
  await topic.begin();
  topic.beat();
  directory = await mkdtemp(join(tmpdir(), 'proxies-'));
  const checks = join(directory, 'envoy.sock');
  sidecar = await startSidecar({
    listen: { host: '127.0.0.1', port: 0 },
    extAuthz: { path: checks },
    id: 'edge',
    policy: 'strict',
    service: { url: service.url, key: new Secret(service.key) },
    kafka: { brokers: [brokers], tls: false, sasl: null },
    source: 'kafka',
    home: null,
    version: '0.0.0',
    log,
    stop: stop.signal,
  });
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
  const around = {
    application: (application.address() as AddressInfo).port,
    authz: Number(new URL(sidecar.url).port),
    checks,
  };
  for (const kind of installed) proxies.set(kind, await RunningProxy.start(kind, around));
  await eventually(isReady);
}, 120_000);

afterAll(async () => {
  await Promise.all([...proxies.values()].map((proxy) => proxy.stop()));
  stop.abort();
  await sidecar.ended;
  application.closeAllConnections();
  await new Promise((resolve) => application.close(resolve));
  await topic.close();
  await service.stop();
  await rm(directory, { recursive: true });
});

const isReady = async (): Promise<boolean> => (await fetch(`${sidecar.url}/health/ready`)).ok;
const token = (): string => mint.token(mint.claims(nowS()));
const bearer = (with_: string) => ({ authorization: `Bearer ${with_}` });

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function ask(
  kind: ProxyKind,
  headers: Record<string, string | string[]>,
  { path = '/things', method = 'GET', body = '' } = {},
): Promise<Answer> {
  const url = `${proxies.get(kind)!.url}${path}`;
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method, headers, agent: false }, (response) => {
      void text(response).then((said) => {
        resolve({ status: response.statusCode!, headers: response.headers, body: said });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const seenBy = ({ body }: Answer): Seen => JSON.parse(body) as Seen;

/** What is not installed is skipped, and seen to be. */
const each = (name: string, test: (kind: ProxyKind) => Promise<void>): void => {
  for (const [proxy, kind] of cases)
    (installed.includes(kind) ? it : it.skip)(`${proxy} ${name}`, () => test(kind));
};

describe('a fresh gateway', () => {
  each('lets a good token in, and says who it is', async (kind) => {
    const claims = mint.claims(nowS());
    const answer = await ask(kind, bearer(mint.token(claims)));
    expect(answer.status).toBe(200);
    const { headers } = seenBy(answer);
    expect(headers).toMatchObject({
      'x-offswitch-org': claims.org,
      'x-offswitch-user': claims.sub,
      'x-offswitch-device': claims.did,
      'x-offswitch-scopes': claims.scope,
    });
  });

  each('passes nothing on that a client made up', async (kind) => {
    const claims = mint.claims(nowS());
    const forged = {
      'X-Offswitch-Org': 'forged',
      'x-offswitch-user': ['forged', 'forged'],
      'X-OFFSWITCH-DEVICE': 'forged',
      'x-offswitch-scopes': 'forged',
      'x-offswitch-view': 'forged',
      'x-offswitch-issuer': 'forged',
      'x-offswitch-subject': 'forged',
    };
    const answer = await ask(kind, { ...bearer(mint.token(claims)), ...forged });
    expect(answer.status).toBe(200);
    expect(answer.body).not.toContain('forged');
    expect(seenBy(answer).headers['x-offswitch-user']).toBe(claims.sub);
  });

  each('passes no name on that CGI applications mix up with ours', async (kind) => {
    const answer = await ask(kind, { ...bearer(token()), X_Offswitch_User: 'forged' });
    expect(answer.body).not.toContain('forged');
  });

  each('passes the request itself on, body and query', async (kind) => {
    const sent = { path: '/things?page=2', method: 'POST', body: 'a body' };
    const answer = await ask(kind, { ...bearer(token()), 'content-length': '6' }, sent);
    expect(seenBy(answer)).toMatchObject({ url: '/things?page=2', method: 'POST', body: 'a body' });
  });

  each('passes a 500 of the application on as it is', async (kind) => {
    expect((await ask(kind, bearer(token()), { path: '/broken' })).status).toBe(500);
  });

  each('refuses who brings no token, or a bad one', async (kind) => {
    for (const headers of [{}, bearer('nonsense')]) {
      const answer = await ask(kind, headers);
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    }
  });

  each('refuses a token in the query string', async (kind) => {
    const path = `/things?access_token=${token()}`;
    for (const headers of [{}, bearer(token())]) {
      const answer = await ask(kind, headers, { path });
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_request"');
    }
  });

  each('refuses two tokens', async (kind) => {
    const two = { authorization: [`Bearer ${token()}`, `Bearer ${token()}`] };
    expect([400, 401]).toContain((await ask(kind, two)).status);
  });

  each('lets nobody in who has left', async (kind) => {
    const claims = mint.claims(nowS());
    const headers = bearer(mint.token(claims));
    expect((await ask(kind, headers)).status).toBe(200);
    const left = topic.writers[0]!.record({ subject: claims.sub as string, generation: 2 });
    await topic.send(0, [left]);
    await eventually(async () => (await ask(kind, headers)).status === 401);
    expect((await ask(kind, bearer(token()))).status).toBe(200);
  });
});

describe('a gateway whose view is old', () => {
  beforeAll(async () => {
    await topic.pauseBeat();
    await eventually(async () => !(await isReady()));
  });

  afterAll(async () => {
    topic.beat();
    await eventually(isReady);
  });

  each('answers 503 and when to come back, and lets nobody in', async (kind) => {
    for (let i = 0; i < 10; i += 1) {
      const { status, headers } = await ask(kind, bearer(token()));
      expect([status, headers['retry-after']]).toEqual([503, '1']);
    }
  });
});

describe('a gateway that is fresh again', () => {
  each('lets people in', async (kind) => {
    expect((await ask(kind, bearer(token()))).status).toBe(200);
  });
});

describe('a gateway that is gone', () => {
  beforeAll(async () => {
    stop.abort();
    await sidecar.ended;
  });

  each('lets nobody in, and says so with 503', async (kind) => {
    for (let i = 0; i < 3; i += 1) expect((await ask(kind, bearer(token()))).status).toBe(503);
  });

  it('has written no token into its log', () => {
    expect(JSON.stringify(log.lines)).not.toMatch(/eyJ/);
  });
});
