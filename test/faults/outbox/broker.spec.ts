// P4: nothing is lost while the broker is frozen, killed or away. P6: its trouble is nobody else's.
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as after } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { topicsWith, type Topics } from '../../../src/contract/topics.js';
import { newId } from '../../../src/kernel/ids.js';
import type { OutboxRecord } from '../../../src/outbox/index.js';
import { topicPlans } from '../../../src/outbox/topic-plans.js';
import { IdempotentProducer } from '../../../src/platform/kafka/idempotent-producer.js';
import type { KafkaSettings } from '../../../src/platform/kafka/kafka-settings.js';
import { TopicGate } from '../../../src/platform/kafka/topic-gate.js';
import { KafkaTopicKeeper } from '../../../src/platform/kafka/topic-keeper.js';
import { eventually } from '../../support/eventually.js';
import { topicPrefix } from '../../support/kafka.js';
import { MemoryTopic, OutboxWorld, silentLog, type Replica } from '../../support/outbox-world.js';
import { privateKafka, type PrivateKafka } from '../../support/private-servers.js';

const PARTITIONS = 2;
let kafka: PrivateKafka;
let world: OutboxWorld;
let topics: Topics;
let settings: KafkaSettings;

beforeAll(async () => {
  kafka = await privateKafka();
  settings = { brokers: [kafka.address], tls: false, sasl: null, clientId: 'test' };
  topics = topicsWith(topicPrefix());
  world = await OutboxWorld.open(PARTITIONS, topics.revocations);
}, 120_000);
afterAll(async () => {
  await world.close();
  await kafka.stop();
}, 60_000);

/** A process of the service with everything that is real. */
function replica(): Replica {
  const producer = (): IdempotentProducer => new IdempotentProducer(settings, silentLog, 3_000);
  const watermarkProducer = producer();
  const gate = new TopicGate(
    new KafkaTopicKeeper(settings, topicPlans(topics, PARTITIONS), silentLog),
    silentLog,
  );
  const one = world.replica({
    producer: producer(),
    sideProducer: producer(),
    watermarkProducer,
    gate,
    everyMs: 200,
  });
  const stop = one.stop.bind(one);
  one.stop = async () => {
    await Promise.all([stop(), watermarkProducer.close()]);
  };
  one.publish().sweep();
  for (let partition = 0; partition < PARTITIONS; partition += 1) one.watermarks(partition);
  return one;
}

/** Everything that the topic has, read from its beginning by a reader of its own. */
async function topicNow(): Promise<MemoryTopic> {
  const client = new Kafka({ brokers: [kafka.address], logLevel: logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topics.revocations);
  await admin.disconnect();
  const left = new Map(ends.map(({ partition, high }) => [partition, Number(high)]));
  const read = new MemoryTopic();
  const consumer = client.consumer({ groupId: newId(), maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic: topics.revocations, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    const reached = new Map<number, number>();
    const isDone = (): boolean =>
      [...left].every(([partition, high]) => (reached.get(partition) ?? 0) >= high);
    if (isDone()) resolve();
    consumer
      .run({
        autoCommit: false,
        eachMessage: ({ partition, message }) => {
          read.stored.push({
            partition,
            offset: Number(message.offset),
            key: String(message.key),
            value: message.value!,
            headers: Object.fromEntries(
              Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]),
            ),
          });
          reached.set(partition, Number(message.offset) + 1);
          if (isDone()) resolve();
          return Promise.resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return read;
}

async function expectEverything(records: readonly OutboxRecord[]): Promise<void> {
  await eventually(async () => (await world.queued()).length === 0);
  const topic = await topicNow();
  expect(new Set(topic.digests())).toEqual(new Set(records.map(({ digest }) => digest)));
  const where = new Map(
    topic.ofType('revocation').map((one) => [`${one.partition}/${one.offset}`, one.key]),
  );
  for (const { digest, partition, offset } of await world.acked()) {
    const record = records.find((one) => one.digest === digest)!;
    expect(where.get(`${partition}/${offset}`)).toBe(record.key);
  }
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const chain = topic.chain(partition);
    chain.forEach(({ watermark }, i) => {
      expect([watermark.seq, watermark.prev]).toEqual([i, i === 0 ? null : chain[i - 1]!.digest]);
    });
  }
}

describe('the broker', () => {
  const all: OutboxRecord[] = [];
  let one: Replica;
  beforeEach(() => {
    one = replica();
  });
  afterEach(async () => {
    kafka.thaw();
    kafka.proxy.heal();
    await one.stop();
  }, 60_000);

  const commit = async (count: number): Promise<OutboxRecord[]> => {
    const records = world.records(count);
    const committedAt = await world.commit(records);
    one.publisher.offer(records, committedAt);
    all.push(...records);
    return records;
  };
  const isAcked = async (records: readonly OutboxRecord[]): Promise<boolean> => {
    const acked = new Set((await world.acked()).map(({ digest }) => digest));
    return records.every(({ digest }) => acked.has(digest));
  };

  it('takes what was offered, and watermarks that cover it', async () => {
    await eventually(() => one.gate.trouble === null);
    await commit(50);
    await expectEverything(all);
  }, 60_000);

  it('is frozen: offers return at once, nothing is marked, and everything arrives after the thaw', async () => {
    await eventually(() => one.gate.trouble === null);
    await eventually(async () => isAcked(await commit(1)));
    kafka.freeze();
    const frozen = [...(await commit(30)), ...(await commit(30))];
    // Longer than one send may take: it has failed and been tried again.
    await eventually(() => !one.publisher.isFlowing);
    await commit(10);
    expect(await isAcked(frozen)).toBe(false);
    kafka.thaw();
    await expectEverything(all);
  }, 90_000);

  it('is killed and comes back', async () => {
    await eventually(() => one.gate.trouble === null);
    await eventually(async () => isAcked(await commit(1)));
    await kafka.kill();
    await commit(40);
    await eventually(() => !one.publisher.isFlowing);
    await kafka.restart();
    await expectEverything(all);
  }, 120_000);

  it('answers, and the answers are lost on the wire: what was stored is stored once more, and nothing is missing', async () => {
    await eventually(() => one.gate.trouble === null);
    await eventually(async () => isAcked(await commit(1)));
    kafka.proxy.silence('replies');
    const records = await commit(40);
    await eventually(() => !one.publisher.isFlowing);
    expect(await isAcked(records)).toBe(false);
    kafka.proxy.heal();
    await expectEverything(all);
  }, 90_000);

  it('is reached over connections that break all the time', async () => {
    await eventually(() => one.gate.trouble === null);
    const records: OutboxRecord[] = [];
    for (let i = 0; i < 20; i += 1) {
      records.push(...(await commit(20)));
      kafka.proxy.reset();
      await after(50);
    }
    await eventually(() => isAcked(records));
    await expectEverything(all);
  }, 90_000);
});

describe('Kafka away at the start', () => {
  it('keeps the gate closed and nothing else; what was committed meanwhile is sent when it comes', async () => {
    kafka.proxy.cut();
    const one = replica();
    const records = world.records(5);
    one.publisher.offer(records, await world.commit(records));
    await eventually(() => one.gate.trouble === 'the cluster cannot be reached');
    expect(await world.queued()).toHaveLength(5);
    kafka.proxy.heal();
    await eventually(async () => (await world.queued()).length === 0);
    await one.stop();
  }, 60_000);

  it('ends within its bound while the broker says nothing', async () => {
    kafka.freeze();
    const one = replica();
    await eventually(() => one.gate.trouble !== null);
    const records = world.records(1);
    one.publisher.offer(records, await world.commit(records));
    await one.publisher.drained(200);
    await one.stop();
    kafka.thaw();
  }, 30_000);
});

describe('topics with wrong settings', () => {
  it('get nothing, and get it when they have been put right', async () => {
    const wrong = topicsWith(topicPrefix());
    const client = new Kafka({ brokers: [kafka.address], logLevel: logLevel.NOTHING });
    const admin = client.admin();
    await admin.connect();
    await admin.createTopics({
      waitForLeaders: true,
      topics: [
        {
          topic: wrong.revocations,
          numPartitions: PARTITIONS,
          configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
        },
      ],
    });
    const keeper = new KafkaTopicKeeper(settings, topicPlans(wrong, PARTITIONS), silentLog);
    const gate = new TopicGate(keeper, silentLog);
    const producer = new MemoryTopic();
    const one = world.replica({ producer, gate }).publish();
    const records = world.records(3);
    one.publisher.offer(records, new Date());
    await eventually(() => gate.trouble?.includes('cleanup.policy is compact') ?? false);
    expect(producer.stored).toEqual([]);
    await admin.deleteTopics({ topics: [wrong.revocations] });
    await admin.disconnect();
    await eventually(() => producer.digests().length === 3);
    await one.stop();
  }, 60_000);
});
