// P4: nothing is lost: what the broker did not acknowledge is never called sent, and wrong topics are found.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import {
  GroupConsumer,
  type IncomingMessage,
} from '../../../../src/platform/kafka/group-consumer.js';
import { IdempotentProducer } from '../../../../src/platform/kafka/idempotent-producer.js';
import type { KafkaSettings } from '../../../../src/platform/kafka/kafka-settings.js';
import { KafkaTopicKeeper } from '../../../../src/platform/kafka/topic-keeper.js';
import type { TopicPlan } from '../../../../src/platform/kafka/topic-plan.js';
import {
  MessagesRefused,
  type OutgoingMessage,
} from '../../../../src/platform/kafka/topic-producer.js';
import { PinoLog } from '../../../../src/platform/log/pino-log.js';
import { eventually } from '../../../support/eventually.js';
import { kafkaBrokers, topicPrefix } from '../../../support/kafka.js';

const log = new PinoLog({ level: 'silent', pretty: false });
const prefix = topicPrefix();
const never = new AbortController().signal;
const planOf = (name: string, more: Partial<TopicPlan> = {}): TopicPlan => ({
  name: prefix + name,
  partitions: 3,
  exactly: { 'cleanup.policy': 'delete', 'message.timestamp.type': 'LogAppendTime' },
  atLeast: { 'retention.ms': 604_800_000 },
  ...more,
});
const message = (partition: number, text: string): OutgoingMessage => ({
  partition,
  key: text,
  value: Buffer.from(text),
  headers: { 'ofs-type': 'revocation' },
});

let settings: KafkaSettings;
let admin: Admin;
beforeAll(async () => {
  const brokers = [await kafkaBrokers()];
  settings = { brokers, tls: false, sasl: null, clientId: 'test' };
  admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
}, 90_000);
afterAll(async () => {
  await admin.disconnect();
});

const keeperOf = (...plans: TopicPlan[]): KafkaTopicKeeper =>
  new KafkaTopicKeeper(settings, plans, log);

describe('topics', () => {
  it('are created as planned, and found in order the second time', async () => {
    const plan = planOf('fresh');
    await expect(keeperOf(plan).check(never)).resolves.toEqual([]);
    await expect(keeperOf(plan).check(never)).resolves.toEqual([]);
    const { topics } = await admin.fetchTopicMetadata({ topics: [plan.name] });
    expect(topics[0]!.partitions).toHaveLength(3);
  });

  it('that somebody else made with other settings are named, setting by setting', async () => {
    const plan = planOf('wrong');
    await admin.createTopics({
      waitForLeaders: true,
      topics: [
        {
          topic: plan.name,
          numPartitions: 2,
          configEntries: [
            { name: 'cleanup.policy', value: 'compact' },
            { name: 'retention.ms', value: '1000' },
          ],
        },
      ],
    });
    await expect(keeperOf(plan).check(never)).resolves.toEqual([
      `${plan.name}: has 2 partitions, needs 3`,
      `${plan.name}: cleanup.policy is compact, must be delete`,
      `${plan.name}: message.timestamp.type is CreateTime, must be LogAppendTime`,
      `${plan.name}: retention.ms is 1000, must be at least 604800000`,
    ]);
  });
});

describe('the producer', () => {
  it('gives each message its own offset on the partition we chose', async () => {
    const plan = planOf('offsets');
    await keeperOf(plan).check(never);
    const producer = new IdempotentProducer(settings, log);
    try {
      const first = await producer.send(plan.name, [
        message(0, 'a'),
        message(2, 'b'),
        message(0, 'c'),
      ]);
      const second = await producer.send(plan.name, [message(2, 'd'), message(0, 'e')]);
      expect([first, second]).toEqual([
        [0, 0, 1],
        [1, 2],
      ]);
    } finally {
      await producer.close();
    }
  });

  it('says that a message is refused for good when it is, and takes the next one', async () => {
    const plan = planOf('small', { exactly: { 'max.message.bytes': '2000' } });
    await keeperOf(plan).check(never);
    const producer = new IdempotentProducer(settings, log);
    try {
      await expect(producer.send(plan.name, [message(0, 'x'.repeat(3_000))])).rejects.toThrow(
        MessagesRefused,
      );
      await expect(producer.send(plan.name, [message(0, 'y')])).resolves.toEqual([0]);
    } finally {
      await producer.close();
    }
  });

  it('fails within its bound when nobody is there', async () => {
    const producer = new IdempotentProducer({ ...settings, brokers: ['127.0.0.1:1'] }, log, 500);
    await expect(producer.send('any', [message(0, 'x')])).rejects.toThrow();
    await producer.close();
    await expect(producer.send('any', [message(0, 'x')])).rejects.toThrow('closed');
  });
});

describe('the readers of a group', () => {
  it('get again what one of them rejected, and tell the broker how far they have read', async () => {
    const plan = planOf('read', { partitions: 1 });
    await keeperOf(plan).check(never);
    const producer = new IdempotentProducer(settings, log);
    const consumer = new GroupConsumer(settings, { topic: plan.name, group: plan.name }, log);
    const stop = new AbortController();
    let reading: Promise<void> | undefined;
    try {
      await producer.send(plan.name, [message(0, 'a')]);
      const taken: string[] = [];
      let rejected = 0;
      const take = (messages: readonly IncomingMessage[]): Promise<void> => {
        if (rejected === 0) {
          rejected = messages.length;
          return Promise.reject(new Error('the database is away'));
        }
        taken.push(...messages.map(({ key }) => key));
        return Promise.resolve();
      };
      reading = (async () => {
        while (!stop.signal.aborted) await consumer.run(take, stop.signal).catch(() => undefined);
      })();
      await eventually(() => taken.includes('a'));
      expect(rejected).toBe(1);
      const committed = async (): Promise<number> => {
        const [topic] = await admin.fetchOffsets({ groupId: plan.name, topics: [plan.name] });
        return Number(topic?.partitions[0]?.offset ?? -1);
      };
      let sent = 1;
      await eventually(async () => {
        await producer.send(plan.name, [message(0, `${sent}`)]);
        sent += 1;
        return (await committed()) > 1;
      });
      expect(await committed()).toBeLessThanOrEqual(sent);
    } finally {
      stop.abort();
      await Promise.all([reading, producer.close()]);
    }
  }, 60_000);
});
