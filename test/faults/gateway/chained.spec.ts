// P3: bounded staleness. A gateway with both sources, in this process and as a sidecar of its own, whose real broker is killed or frozen denies by HTTP meanwhile, says so, and goes back to Kafka.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { gather, type Cast } from '../../../src/cli/demo/cast.js';
import { authz, bearer, call, textIn } from '../../../src/cli/demo/client.js';
import { leaveByEntra } from '../../../src/cli/demo/goodbyes.js';
import { eventually } from '../../support/eventually.js';
import { privateKafka, type PrivateKafka } from '../../support/private-servers.js';
import { startProgram } from '../../support/processes.js';
import { RunningGateway } from '../../support/running-gateway.js';
import { LoggingProcess, ServiceProcess } from '../../support/service-process.js';
import { World } from '../../support/world.js';

const LONG = 240_000;
const STALENESS_MS = 5_000;
const OVER_HTTP = 'follows over HTTP while Kafka is away';

let kafka: PrivateKafka;
let world: World;
let service: ServiceProcess;
let both: RunningGateway;
let kafkaOnly: RunningGateway;
let sidecar: LoggingProcess;
let sidecarUrl: string;
let casts: Cast[];

beforeAll(async () => {
  [kafka, world] = await Promise.all([privateKafka(), World.open()]);
  service = await ServiceProcess.start({
    databaseUrl: world.database.serviceUrl,
    brokers: kafka.address,
    environment: { OFFSWITCH_STALENESS_MS: String(STALENESS_MS) },
  });
  casts = [
    await gather(service.url, service.adminKey),
    await gather(service.url, service.adminKey),
  ];
  both = await follow('both', 'chained');
  kafkaOnly = await follow('kafka-only', 'kafka');
  sidecar = await startSidecar();
  await eventually(() =>
    [both, kafkaOnly].every((one) => casts.every((cast) => says(one, cast, 'cleo', 'allow'))),
  );
  await eventually(() => sidecarFollows() !== OVER_HTTP && isSidecarReady());
}, LONG);

afterAll(async () => {
  await Promise.all([both.stop(), kafkaOnly.stop(), sidecar.stop()]);
  await service.stop();
  await world.close();
  await kafka.stop();
}, LONG);

/** Ids of the gateways by their names. */
const ids = new Map<string, string>();

async function register(name: string): Promise<{ readonly url: string; readonly key: string }> {
  const made = await call(`${service.url}/v1/gateways`, {
    method: 'POST',
    headers: bearer(service.adminKey),
    body: { name },
    expect: 201,
  });
  ids.set(name, textIn(made, 'id'));
  return { url: service.url, key: textIn(made, 'key') };
}

async function follow(name: string, source: 'kafka' | 'chained'): Promise<RunningGateway> {
  return new RunningGateway({ brokers: kafka.address, service: await register(name), source });
}

async function startSidecar(): Promise<LoggingProcess> {
  const { url, key } = await register('sidecar');
  const started = new LoggingProcess(
    startProgram(
      ['src/cli/offswitch.ts', 'gateway', '--listen', '127.0.0.1:0', '--source', 'chained'],
      {
        env: {
          PATH: process.env['PATH'],
          OFFSWITCH_URL: url,
          OFFSWITCH_GATEWAY_KEY: key,
          KAFKA_BROKERS: kafka.address,
          OFFSWITCH_HOME: service.home,
        },
      },
    ),
  );
  sidecarUrl = String((await started.says('the gateway listens'))['url']);
  return started;
}

const tokensOf = (cast: Cast, name: string): readonly string[] =>
  cast.seats.filter(({ person }) => person === name).map(({ token }) => token);

const says = (gateway: RunningGateway, cast: Cast, name: string, outcome: string): boolean =>
  tokensOf(cast, name).every((token) => gateway.outcome(token) === outcome);

const sidecarSays = (cast: Cast, name: string): Promise<readonly number[]> =>
  Promise.all(tokensOf(cast, name).map((token) => authz(sidecarUrl, token)));

/** What the sidecar follows, in its own words. */
const sidecarFollows = (): unknown =>
  sidecar.said.map(({ message }) => message).findLast((said) => String(said).startsWith('follows'));

/** Whether its view is fresh: an old one could only ask the service about each token. */
const isSidecarReady = async (): Promise<boolean> =>
  (await fetch(`${sidecarUrl}/health/ready`)).status === 200;

/** Somebody leaves. From S after the answer on neither gateway allows them anything, however long it takes to know why. */
async function leaves(cast: Cast, name: string): Promise<void> {
  await leaveByEntra(cast, name);
  const answeredMs = performance.now();
  await eventually(async () => {
    const isPastBound = performance.now() - answeredMs > STALENESS_MS;
    const outcomes = tokensOf(cast, name).map((token) => both.outcome(token));
    const statuses = await sidecarSays(cast, name);
    if (isPastBound) {
      expect(outcomes).not.toContain('allow');
      expect(statuses).not.toContain(200);
    }
    return (
      outcomes.every((outcome) => outcome === 'deny: revoked.user') &&
      statuses.every((status) => status === 401)
    );
  });
}

const standsIn = (): unknown => both.seen('source.stands-in').at(-1);

it(
  'takes over by HTTP when the broker is killed under revocations, stays fresh, and goes back when it has started again',
  async () => {
    const [first, second] = casts as [Cast, Cast];
    await leaves(first, 'ada');
    await eventually(() => both.state === 'fresh');
    await kafka.kill();
    await leaves(first, 'bob');
    await eventually(() => kafkaOnly.state === 'stale: old');
    expect(standsIn()).toMatchObject({ isStandingIn: true });
    await leaves(first, 'cleo');
    await eventually(() => both.state === 'fresh');
    expect(says(both, second, 'cleo', 'allow')).toBe(true);
    expect(sidecarFollows()).toBe(OVER_HTTP);
    await eventually(isSidecarReady);
    expect(new Set(await sidecarSays(second, 'cleo'))).toEqual(new Set([200]));
    expect(says(kafkaOnly, second, 'cleo', 'allow')).toBe(false);

    const restarting = kafka.restart();
    await leaves(second, 'ada');
    await restarting;
    await eventually(() => !(standsIn() as { isStandingIn: boolean }).isStandingIn);
    await eventually(() => sidecarFollows() !== OVER_HTTP);
    expect(both.state).toBe('fresh');
    await leaves(second, 'bob');
    expect(standsIn()).toMatchObject({ isStandingIn: false });
    expect(sidecarFollows()).toBe('follows Kafka alone again');
    await eventually(() => says(kafkaOnly, second, 'bob', 'deny: revoked.user'));
    await eventually(() => says(both, second, 'cleo', 'allow'));
  },
  LONG,
);

it(
  'completes a case while the broker is frozen: who waits for it is answered that it is enforced, and the ack comes later',
  async () => {
    const [cast] = casts as [Cast, Cast];
    const admin = (method: string, path: string, expect: number, body?: object) =>
      call(`${service.url}${path}`, { method, headers: bearer(service.adminKey), expect, body });
    await Promise.all([kafkaOnly.stop(), sidecar.stop()]);
    for (const name of ['kafka-only', 'sidecar'])
      await admin('DELETE', `/v1/gateways/${ids.get(name)!}`, 204);
    kafka.freeze();
    try {
      const at = `/v1/organizations/${cast.organization}`;
      const made = await admin('POST', `${at}/revocations`, 201, {
        subject: { scope: 'org', id: cast.organization },
        reason: 'incident',
      });
      const look = (wait: string) => admin('GET', `${at}/cases/${textIn(made, 'id')}${wait}`, 200);
      const waited = await look('?wait=enforced');
      expect(waited).toMatchObject({
        state: 'enforced',
        gateways: [{ name: 'both', state: 'applied' }],
        timeline: { broker_acked_at: null, last_enforced_at: expect.any(String) },
      });
      kafka.thaw();
      await eventually(async () => {
        const { state, timeline } = await look('');
        expect(state).toBe('enforced');
        return (timeline as Record<string, unknown>)['broker_acked_at'] !== null;
      });
    } finally {
      kafka.thaw();
    }
  },
  LONG,
);
