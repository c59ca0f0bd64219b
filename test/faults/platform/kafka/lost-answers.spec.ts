// P4: nothing is lost: a broker that took the messages before never makes the next ones pass for repeats of them.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { IdempotentProducer } from '../../../../src/platform/kafka/idempotent-producer.js';
import { eventually } from '../../../support/eventually.js';
import { silentLog } from '../../../support/outbox-world.js';
import { privateKafka, type PrivateKafka } from '../../../support/private-servers.js';

let kafka: PrivateKafka;
let admin: Admin;
beforeAll(async () => {
  kafka = await privateKafka();
  admin = new Kafka({ brokers: [kafka.address], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic: 'records', numPartitions: 1 }],
  });
}, 120_000);
afterAll(async () => {
  await admin.disconnect();
  await kafka.stop();
}, 60_000);

const end = async (): Promise<number> =>
  Number((await admin.fetchTopicOffsets('records'))[0]!.high);

it('stores the messages after a send whose answer was lost, under offsets of their own', async () => {
  const settings = { brokers: [kafka.address], tls: false, sasl: null, clientId: 'test' };
  const producer = new IdempotentProducer(settings, silentLog, 30_000);
  const message = (text: string) => ({
    partition: 0,
    key: text,
    value: Buffer.from(text),
    headers: {},
  });
  await expect(producer.send('records', [message('first')])).resolves.toEqual([0]);
  // Until kafkajs itself gives up, and takes the sequence numbers of the stored message back.
  kafka.proxy.silence('replies');
  await expect(producer.send('records', [message('unanswered')])).rejects.toThrow();
  kafka.proxy.heal();
  await eventually(async () => (await end()) === 2);
  await expect(producer.send('records', [message('next')])).resolves.toEqual([2]);
  expect(await end()).toBe(3);
  await producer.close();
}, 60_000);
