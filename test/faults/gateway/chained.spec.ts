// P3: bounded staleness. A gateway with both sources whose real broker is killed or frozen denies by HTTP meanwhile, says so, and goes back to Kafka.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { gather, type Cast } from '../../../src/cli/demo/cast.js';
import { bearer, call, textIn } from '../../../src/cli/demo/client.js';
import { leaveByEntra } from '../../../src/cli/demo/goodbyes.js';
import { eventually } from '../../support/eventually.js';
import { privateKafka, type PrivateKafka } from '../../support/private-servers.js';
import { RunningGateway } from '../../support/running-gateway.js';
import { ServiceProcess } from '../../support/service-process.js';
import { World } from '../../support/world.js';

const LONG = 240_000;
const STALENESS_MS = 5_000;

let kafka: PrivateKafka;
let world: World;
let service: ServiceProcess;
let both: RunningGateway;
let kafkaOnly: RunningGateway;
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
  await eventually(() =>
    [both, kafkaOnly].every((one) => casts.every((cast) => says(one, cast, 'cleo', 'allow'))),
  );
}, LONG);

afterAll(async () => {
  await Promise.all([both.stop(), kafkaOnly.stop()]);
  await service.stop();
  await world.close();
  await kafka.stop();
}, LONG);

let kafkaOnlyId: string;

async function follow(name: string, source: 'kafka' | 'chained'): Promise<RunningGateway> {
  const made = await call(`${service.url}/v1/gateways`, {
    method: 'POST',
    headers: bearer(service.adminKey),
    body: { name },
    expect: 201,
  });
  if (source === 'kafka') kafkaOnlyId = textIn(made, 'id');
  const at = { url: service.url, key: textIn(made, 'key') };
  return new RunningGateway({ brokers: kafka.address, service: at, source });
}

const tokensOf = (cast: Cast, name: string): readonly string[] =>
  cast.seats.filter(({ person }) => person === name).map(({ token }) => token);

const says = (gateway: RunningGateway, cast: Cast, name: string, outcome: string): boolean =>
  tokensOf(cast, name).every((token) => gateway.outcome(token) === outcome);

/** Somebody leaves. From S after the answer on the gateway allows them nothing, however long it takes to know why. */
async function leaves(cast: Cast, name: string): Promise<void> {
  await leaveByEntra(cast, name);
  const answeredMs = performance.now();
  await eventually(() => {
    const isPastBound = performance.now() - answeredMs > STALENESS_MS;
    const outcomes = tokensOf(cast, name).map((token) => both.outcome(token));
    if (isPastBound) expect(outcomes).not.toContain('allow');
    return outcomes.every((outcome) => outcome === 'deny: revoked.user');
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
    expect(says(kafkaOnly, second, 'cleo', 'allow')).toBe(false);

    const restarting = kafka.restart();
    await leaves(second, 'ada');
    await restarting;
    await eventually(() => !(standsIn() as { isStandingIn: boolean }).isStandingIn);
    expect(both.state).toBe('fresh');
    await leaves(second, 'bob');
    expect(standsIn()).toMatchObject({ isStandingIn: false });
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
    await kafkaOnly.stop();
    await admin('DELETE', `/v1/gateways/${kafkaOnlyId}`, 204);
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
