// P3, P4, P6: of three brokers one is killed while people leave: nobody is missed. Two are gone: the service answers, gateways deny.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { gather, type Cast } from '../../../src/cli/demo/cast.js';
import { bearer, call, textIn } from '../../../src/cli/demo/client.js';
import { leaveByEntra } from '../../../src/cli/demo/goodbyes.js';
import { eventually } from '../../support/eventually.js';
import { KafkaCluster } from '../../support/kafka-cluster.js';
import { RunningGateway } from '../../support/running-gateway.js';
import { ServiceProcess } from '../../support/service-process.js';
import { World } from '../../support/world.js';

const LONG = 240_000;
const NAMES = ['ada', 'bob', 'cleo'] as const;

let cluster: KafkaCluster;
let world: World;
let service: ServiceProcess;
let gateway: RunningGateway;
let casts: Cast[];

beforeAll(async () => {
  [cluster, world] = await Promise.all([KafkaCluster.start(), World.open()]);
  service = await ServiceProcess.start({
    databaseUrl: world.database.serviceUrl,
    brokers: cluster.addresses,
    environment: { OFFSWITCH_STALENESS_MS: '5000' },
  });
  casts = [];
  for (let i = 0; i < 4; i += 1) casts.push(await gather(service.url, service.adminKey));
  const made = await call(`${service.url}/v1/gateways`, {
    method: 'POST',
    headers: bearer(service.adminKey),
    body: { name: 'edge' },
    expect: 201,
  });
  const at = { url: service.url, key: textIn(made, 'key') };
  gateway = new RunningGateway({ brokers: cluster.addresses, service: at });
  await eventually(() => casts.every((cast) => NAMES.every((name) => says(cast, name, 'allow'))));
}, LONG);

afterAll(async () => {
  await gateway.stop();
  await service.stop();
  await world.close();
  await cluster.stop();
}, LONG);

const says = (cast: Cast, name: string, outcome: string): boolean =>
  cast.seats
    .filter(({ person }) => person === name)
    .every(({ token }) => gateway.outcome(token) === outcome);

const isGone = (cast: Cast, name: string) =>
  eventually(() => says(cast, name, 'deny: revoked.user'));

const queued = async (): Promise<number> =>
  (await world.query('select from outbox_pending')).length;

/** The topic as the cluster keeps it. */
async function replicasOf(): Promise<number[]> {
  const client = new Kafka({ brokers: cluster.addresses.split(','), logLevel: logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  const topic = `${service.environment['OFFSWITCH_TOPIC_PREFIX']!}offswitch.revocations.v1`;
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  await admin.disconnect();
  return topics.flatMap(({ partitions }) => partitions.map(({ replicas }) => replicas.length));
}

describe('a cluster of three brokers', () => {
  it(
    'keeps each record on all three',
    async () => {
      expect(new Set(await replicasOf())).toEqual(new Set([3]));
    },
    LONG,
  );

  it(
    'loses one by SIGKILL while people leave: each is answered, each is denied, and the view is fresh again',
    async () => {
      const [first, second] = casts as [Cast, Cast];
      await leaveByEntra(first, 'ada');
      const killing = cluster.kill(0);
      for (const [cast, name] of [
        [first, 'bob'],
        [first, 'cleo'],
        [second, 'ada'],
        [second, 'bob'],
      ] as const)
        await leaveByEntra(cast, name);
      await killing;
      await leaveByEntra(second, 'cleo');
      for (const cast of [first, second]) for (const name of NAMES) await isGone(cast, name);
      await eventually(async () => (await queued()) === 0);
      await eventually(() => gateway.state === 'fresh');
      expect(NAMES.every((name) => says(casts[3]!, name, 'allow'))).toBe(true);
    },
    LONG,
  );

  it(
    'loses a second one: IdPs are answered, a strict gateway says that it is unsure, and all arrives when they are back',
    async () => {
      const [, , third, fourth] = casts as [Cast, Cast, Cast, Cast];
      await cluster.kill(1);
      for (const name of NAMES) await leaveByEntra(third, name);
      await eventually(() => gateway.state === 'stale: old');
      // By policy: it introspects, and where that fails answers 503. It allows nobody by itself.
      for (const cast of [third, fourth])
        for (const { token } of cast.seats) expect(gateway.outcome(token)).not.toBe('allow');
      expect(await queued()).toBeGreaterThan(0);
      await Promise.all([cluster.begin(0), cluster.begin(1)]);
      for (const name of NAMES) await isGone(third, name);
      await eventually(async () => (await queued()) === 0);
      await eventually(() => NAMES.every((name) => says(fourth, name, 'allow')));
    },
    LONG,
  );
});
