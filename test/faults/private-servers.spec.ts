// P4: nothing is lost, nothing is undone: the tools that break servers in other tests break and mend what they say.
import { afterAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { privateKafka, privatePostgres } from '../support/private-servers.js';
import { until } from '../support/processes.js';

const ask = async (connectionString: string, text: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
};

describe('a private PostgreSQL', () => {
  const server = privatePostgres();
  afterAll(async () => (await server).stop());

  it('keeps what was committed, and its address, when it is killed and started again', async () => {
    const { createDatabase, kill, restart } = await server;
    const database = await createDatabase();
    await ask(database.ownerUrl, 'create table kept as select 1 as one');
    await kill();
    await expect(ask(database.ownerUrl, 'select * from kept')).rejects.toThrow();
    await restart();
    await expect(ask(database.ownerUrl, 'select * from kept')).resolves.toEqual([{ one: 1 }]);
    await database.drop();
  });

  it('answers nobody while it is frozen, and everybody after', async () => {
    const { address, freeze, thaw } = await server;
    const client = new pg.Client({ connectionString: address });
    await client.connect();
    freeze();
    let isAnswered = false;
    const answer = client.query('select 1').then(() => (isAnswered = true));
    const another = ask(address, 'select 1').then(() => (isAnswered = true));
    await new Promise((resolve) => setTimeout(resolve, 300)); // that nothing comes can only be waited for
    expect(isAnswered).toBe(false);
    thaw();
    await Promise.all([answer, another]);
    await client.end();
  });
});

describe('a private broker', () => {
  const server = privateKafka();
  afterAll(async () => (await server).stop());

  it('keeps what it acknowledged when it is killed, behind the same address, and can be cut off', async () => {
    const { address, proxy, kill, restart } = await server;
    const kafka = new Kafka({
      brokers: [address],
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 200 },
    });
    const admin = kafka.admin();
    const producer = kafka.producer({ allowAutoTopicCreation: false, idempotent: true });
    await Promise.all([admin.connect(), producer.connect()]);
    await admin.createTopics({
      topics: [{ topic: 'kept', numPartitions: 1 }],
      waitForLeaders: true,
    });
    const send = (value: string) => producer.send({ topic: 'kept', messages: [{ value }] });
    const end = async () => (await admin.fetchTopicOffsets('kept'))[0]!.offset;
    await send('one');
    await kill();
    const second = send('two');
    await restart();
    await second;
    await expect(end()).resolves.toBe('2');
    expect(proxy.connections).toBeGreaterThan(0);
    proxy.cut();
    await until('no connection is left', () => proxy.connections === 0);
    const third = send('three');
    proxy.heal();
    await third;
    await expect(end()).resolves.toBe('3');
    await Promise.all([admin.disconnect(), producer.disconnect()]);
  });
});
