// P2: dead stays dead; P3: bounded staleness. The whole sidecar against a real broker.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Policy } from '../../../src/contract/lease.js';
import { Secret } from '../../../src/kernel/secret.js';
import { startSidecar, type Sidecar } from '../../../src/sidecar/index.js';
import { TokenMint } from '../../support/access-tokens.js';
import { eventually } from '../../support/eventually.js';
import { FakeService } from '../../support/fake-service.js';
import { kafkaBrokers, topicPrefix } from '../../support/kafka.js';
import { LiveTopic } from '../../support/live-topic.js';
import { RememberingLog } from '../../support/remembering-log.js';

const mint = new TokenMint();
const nowS = (): number => Math.floor(Date.now() / 1000);

let topic: LiveTopic;
let service: FakeService;
let home: string;
const running: { sidecar: Sidecar; stop: AbortController }[] = [];

beforeEach(async () => {
  topic = await LiveTopic.create(await kafkaBrokers(), topicPrefix(), { partitions: 2 });
  service = await FakeService.start(topic.lease({ staleness_ms: 2_000 }));
  service.tokenKeys.push(mint.jwk);
  home = await mkdtemp(join(tmpdir(), 'sidecar-'));
  await topic.begin();
  topic.beat();
}, 120_000);

afterEach(async () => {
  await Promise.all(running.splice(0).map(end));
  await topic.close();
  await service.stop();
  await rm(home, { recursive: true });
});

async function start(policy: Policy = 'strict', id = 'edge'): Promise<(typeof running)[number]> {
  const stop = new AbortController();
  const sidecar = await startSidecar({
    source: 'chained',
    listen: { host: '127.0.0.1', port: 0 },
    id,
    policy,
    service: { url: service.url, key: new Secret(service.key) },
    kafka: { brokers: [await kafkaBrokers()], tls: false, sasl: null },
    home,
    version: '0.0.0',
    log: new RememberingLog(),
    stop: stop.signal,
  });
  running.push({ sidecar, stop });
  return { sidecar, stop };
}

async function end({ sidecar, stop }: (typeof running)[number]): Promise<void> {
  stop.abort();
  await sidecar.ended;
}

async function authz({ url }: Sidecar, token: string): Promise<Response> {
  return fetch(`${url}/authz`, { headers: { authorization: `Bearer ${token}` } });
}

const isReady = async ({ url }: Sidecar): Promise<boolean> =>
  (await fetch(`${url}/health/ready`)).ok;

describe('a sidecar', () => {
  it('lets people in until they leave', async () => {
    const { sidecar } = await start();
    const claims = mint.claims(nowS());
    const token = mint.token(claims);
    expect([401, 503]).toContain((await authz(sidecar, token)).status);
    await eventually(() => isReady(sidecar));
    const answer = await authz(sidecar, token);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-offswitch-user')).toBe(claims.sub);
    const left = topic.writers[1]!.record({ subject: claims.sub as string, generation: 2 });
    await topic.send(1, [left]);
    await eventually(async () => (await authz(sidecar, token)).status === 401);
    expect((await authz(sidecar, mint.token(mint.claims(nowS())))).status).toBe(200);
    expect(await (await fetch(`${sidecar.url}/metrics`)).text()).toMatch(
      /^use_after_revoke_total [1-9]/m,
    );
  });

  it('answers 503 when its view is old, and goes on by itself', async () => {
    const { sidecar } = await start();
    await eventually(() => isReady(sidecar));
    await topic.pauseBeat();
    await eventually(async () => !(await isReady(sidecar)));
    const answer = await authz(sidecar, mint.token(mint.claims(nowS())));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    topic.beat();
    await eventually(() => isReady(sidecar));
  });

  it('finds new token keys by itself', async () => {
    const { sidecar } = await start();
    await eventually(() => isReady(sidecar));
    const next = new TokenMint('next');
    service.tokenKeys.push(next.jwk);
    const token = next.token(mint.claims(nowS()));
    await eventually(async () => (await authz(sidecar, token)).status === 200);
  });

  it('starts again on its last lease while the service is away', async () => {
    const first = await start();
    await eventually(() => isReady(first.sidecar));
    const file = join(home, 'gateways', 'edge', 'lease.json');
    await eventually(() =>
      stat(file).then(
        () => true,
        () => false,
      ),
    );
    await end(running.pop()!);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(home, 'gateways', 'edge'))).mode & 0o777).toBe(0o700);
    expect(await readFile(file, 'utf8')).not.toContain(service.key);
    service.status = 503;
    const { sidecar } = await start();
    await eventually(() => isReady(sidecar));
    expect((await authz(sidecar, mint.token(mint.claims(nowS())))).status).toBe(200);
  });

  it('goes over to new terms without a gap', async () => {
    const { sidecar } = await start();
    await eventually(() => isReady(sidecar));
    const token = mint.token(mint.claims(nowS(), { exp: nowS() + 1_800 }));
    expect((await authz(sidecar, token)).status).toBe(200);
    service.lease = { ...service.lease, max_ttl_s: 900, window_s: 901 };
    const other = mint.token(mint.claims(nowS()));
    await eventually(async () => {
      expect((await authz(sidecar, other)).status).toBe(200);
      return (await authz(sidecar, token)).status === 401;
    });
  });

  it('tells the service which process it is', async () => {
    await Promise.all([start('strict', 'one'), start('balanced', 'two')]);
    await eventually(() => new Set(service.requests.map(({ boot }) => boot)).size === 2);
    expect(new Set(service.requests.map(({ policy }) => policy))).toEqual(
      new Set(['strict', 'balanced']),
    );
    for (const { public_key: key } of service.requests) {
      expect(key).toMatchObject({ kty: 'OKP', crv: 'Ed25519' });
      expect(key).not.toHaveProperty('d');
    }
  });

  it('does not start on an address that is taken', async () => {
    const { sidecar } = await start();
    const { hostname, port } = new URL(sidecar.url);
    const stop = new AbortController();
    await expect(
      startSidecar({
        source: 'chained',
        listen: { host: hostname, port: Number(port) },
        id: 'other',
        policy: 'strict',
        service: { url: service.url, key: new Secret(service.key) },
        kafka: { brokers: [await kafkaBrokers()], tls: false, sasl: null },
        home: null,
        version: '0.0.0',
        log: new RememberingLog(),
        stop: stop.signal,
      }),
    ).rejects.toThrow(/EADDRINUSE/);
  });
});
