import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import kafkajs from 'kafkajs';
import pg from 'pg';
import type { Installation } from './installation.js';
import { closedLoop, machineMs, openLoop } from './load.js';
import { message } from './processes.js';
import { spread, type Spread } from './summary.js';

const counted = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** A request and its answer, against a Node server that does nothing. */
export async function httpFloor(
  { processes, http }: Installation,
  { count, perSecond }: { readonly count: number; readonly perSecond: number },
  stop: AbortSignal,
): Promise<Spread> {
  const server = processes.start('bench/programs/bare-http.ts', {});
  const { port } = await message<{ kind: 'listening'; port: number }>(server, 'listening');
  const ask = async (): Promise<void> => {
    await http.send(`http://127.0.0.1:${port}/`, { method: 'PATCH' }, '{"active":"False"}');
  };
  await closedLoop(counted(1_000), 4, ask, stop);
  const deeds = await openLoop(counted(count), perSecond, ask, stop);
  server.kill('SIGTERM');
  return spread(deeds.map(({ scheduledMs, endedMs }) => endedMs - scheduledMs));
}

const SUBJECTS = 20_000;

const TABLES = `
  create schema floor;
  create table floor.subject (id int primary key, generation bigint not null, holds text not null) with (fillfactor = 70);
  create table floor.token (id int primary key, subject int not null, revoked_at timestamptz) with (fillfactor = 70);
  create index on floor.token (subject);
  create table floor.entry (id uuid primary key, at timestamptz not null, bytes text not null);
  create table floor.outbox (id uuid primary key, subject int not null, value text not null);
  insert into floor.subject select n, 1, '{}' from generate_series(1, ${SUBJECTS}) n;
  insert into floor.token select n, n, null from generate_series(1, ${SUBJECTS}) n;
  analyze`;

const FILL = 'x'.repeat(500);

/** Lock and read, raise, revoke, append to the audit, append to the outbox; with begin and commit seven trips. */
const TRIPS = [
  'select generation, holds from floor.subject where id = :s for update',
  `update floor.subject set generation = generation + 1, holds = '{"scim":{}}' where id = :s`,
  'update floor.token set revoked_at = clock_timestamp() where subject = :s',
  `insert into floor.entry values (gen_random_uuid(), clock_timestamp(), '${FILL}')`,
  `insert into floor.outbox values (gen_random_uuid(), :s, '${FILL}')`,
];

export interface PostgresFloor {
  readonly tool: 'pgbench' | 'pg';
  /** 16 clients, transactions a second. */
  readonly perSecond: number;
  /** One transaction from Node. */
  readonly transaction: Spread;
}

/** The same work as a deactivation's, statement by statement, on tables of its own. */
export async function postgresFloor(
  installation: Installation,
  {
    seconds,
    count,
    perSecond,
  }: { readonly seconds: number; readonly count: number; readonly perSecond: number },
  stop: AbortSignal,
): Promise<PostgresFloor> {
  const pool = new pg.Pool({ connectionString: installation.databaseUrl, max: 16 });
  pool.on('error', () => undefined);
  try {
    await pool.query(TABLES);
    const trip = () => transaction(pool);
    await closedLoop(counted(500), 16, trip, stop);
    const alone = await openLoop(counted(count), perSecond, trip, stop);
    const ran = await pgbench(installation, seconds);
    return {
      tool: ran === null ? 'pg' : 'pgbench',
      perSecond: ran ?? 8_000_000 / (await closedLoop(counted(8_000), 16, trip, stop)),
      transaction: spread(alone.map(({ scheduledMs, endedMs }) => endedMs - scheduledMs)),
    };
  } finally {
    await pool.end();
  }
}

async function transaction(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    const subject = 1 + Math.floor(Math.random() * SUBJECTS);
    await client.query('begin');
    for (const [i, text] of TRIPS.entries())
      await client.query({
        name: `floor_${i}`,
        text: text.replace(':s', '$1'),
        values: text.includes(':s') ? [subject] : [],
      });
    await client.query('commit');
  } finally {
    client.release();
  }
}

/** @returns null where it is not installed */
async function pgbench(installation: Installation, seconds: number): Promise<number | null> {
  const script = join(installation.servers.home, 'floor.sql');
  const lines = [
    `\\set s random(1, ${SUBJECTS})`,
    'begin;',
    ...TRIPS.map((t) => `${t};`),
    'commit;',
  ];
  await writeFile(script, `${lines.join('\n')}\n`);
  try {
    const { stdout } = await promisify(execFile)('pgbench', [
      ...['-n', '-M', 'prepared', '-c', '16', '-j', '2', '-T', String(seconds), '-f', script],
      installation.databaseUrl,
    ]);
    return Number(/tps = ([\d.]+)/.exec(stdout)?.[1] ?? NaN);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** One message, all in-sync replicas, to a consumer of the same process: kafkajs and the broker, nothing of ours. */
export async function kafkaFloor(
  { brokers }: Installation,
  { count, perSecond }: { readonly count: number; readonly perSecond: number },
  stop: AbortSignal,
): Promise<{ readonly acknowledged: Spread; readonly consumed: Spread }> {
  const kafka = new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING });
  const topic = `floor-${randomUUID()}`;
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
  const arrived = new Map<string, number>();
  const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 1_000, minBytes: 1 });
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  try {
    await Promise.all([consumer.connect(), producer.connect()]);
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message: { key } }) => {
        arrived.set(String(key), machineMs());
        return Promise.resolve();
      },
    });
    const produce = async (i: number): Promise<void> => {
      const messages = [{ key: String(i), value: FILL }];
      await producer.send({ topic, acks: -1, messages });
    };
    const all = async (n: number): Promise<void> => {
      while (arrived.size < n) {
        stop.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await closedLoop(counted(200), 1, produce, stop);
    await all(200);
    arrived.clear();
    const deeds = await openLoop(counted(count), perSecond, produce, stop);
    await all(count);
    return {
      acknowledged: spread(deeds.map(({ scheduledMs, endedMs }) => endedMs - scheduledMs)),
      consumed: spread(
        deeds.map(({ scheduledMs }, i) => (arrived.get(String(i)) ?? NaN) - scheduledMs),
      ),
    };
  } finally {
    await Promise.all([consumer.disconnect(), producer.disconnect()]);
  }
}
