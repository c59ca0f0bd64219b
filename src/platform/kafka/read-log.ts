import { randomUUID } from 'node:crypto';
import type { Admin, Consumer, EachBatchPayload } from 'kafkajs';
import type { Log } from '../log/log.js';
import { farewell } from './farewell.js';
import { KafkaConnection } from './kafka-connection.js';
import type { KafkaSettings } from './kafka-settings.js';

/** A message of a log, and where it stands. */
export interface LoggedMessage {
  readonly partition: number;
  readonly offset: number;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** The broker's clock when it stored the message. */
  readonly storedAt: Date;
}

/** A partition as it stood when the reading began. */
export interface LogEnds {
  readonly partition: number;
  /** The first offset that is still there; 0 when nothing was ever removed. */
  readonly low: number;
  /** The offset that the next message gets. */
  readonly high: number;
}

export interface Reading {
  readonly topic: string;
  /** How many of the last messages of each partition; `all` for everything that is still there. */
  readonly last: number | 'all';
  readonly take: (message: LoggedMessage) => void;
}

/**
 * Reads a topic to the end that it has when this begins, and resolves with the ends of its partitions; with none when
 * there is no such topic. Nothing is committed: the group is used once and removed.
 *
 * @throws Error when the cluster is lost meanwhile, or `stop` was aborted
 */
export async function readLog(
  settings: KafkaSettings,
  reading: Reading,
  { log, stop }: { readonly log: Log; readonly stop: AbortSignal },
): Promise<readonly LogEnds[]> {
  const connection = new KafkaConnection(settings, log);
  const admin = connection.kafka.admin();
  const close = (): void => {
    connection.close();
  };
  stop.addEventListener('abort', close, { once: true });
  if (stop.aborted) close();
  try {
    await admin.connect();
    if (!(await admin.listTopics()).includes(reading.topic)) return [];
    const ends = await endsOf(admin, reading.topic);
    await readTo(connection, reading, ends, stop);
    return ends;
  } finally {
    stop.removeEventListener('abort', close);
    await farewell(admin);
    connection.close();
  }
}

async function endsOf(admin: Admin, topic: string): Promise<readonly LogEnds[]> {
  return (await admin.fetchTopicOffsets(topic)).map(({ partition, low, high }) => ({
    partition,
    low: Number(low),
    high: Number(high),
  }));
}

async function readTo(
  connection: KafkaConnection,
  reading: Reading,
  ends: readonly LogEnds[],
  stop: AbortSignal,
): Promise<void> {
  const next = new Map(ends.map((end) => [end.partition, startOf(end, reading.last)]));
  const open = (): boolean => ends.some(({ partition, high }) => (next.get(partition) ?? 0) < high);
  if (!open()) return;
  const groupId = `offswitch-read-${randomUUID()}`;
  const consumer = connection.kafka.consumer({
    groupId,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: 100,
    // A broker that has just started loads its groups for a while, and says so.
    retry: { retries: 8, restartOnFailure: () => Promise.resolve(false) },
  });
  const over = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      stop.addEventListener(
        'abort',
        () => {
          reject(new Error('told to stop'));
        },
        { signal: over.signal },
      );
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        reject(payload.error);
      });
      consumer.on(consumer.events.GROUP_JOIN, () => {
        for (const [partition, offset] of next)
          consumer.seek({ topic: reading.topic, partition, offset: String(offset) });
      });
      const take = (payload: EachBatchPayload): Promise<void> => {
        takeBatch(payload, reading, next);
        if (!open()) resolve();
        return Promise.resolve();
      };
      begin(consumer, reading.topic, take).catch(reject);
    });
  } finally {
    // The caller's signal outlives this reading.
    over.abort();
    await farewell(consumer);
    await forgetGroup(connection, groupId);
  }
}

const startOf = ({ low, high }: LogEnds, last: number | 'all'): number =>
  last === 'all' ? low : Math.max(low, high - last);

async function begin(
  consumer: Consumer,
  topic: string,
  take: (payload: EachBatchPayload) => Promise<void>,
): Promise<void> {
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ autoCommit: false, eachBatch: take });
}

function takeBatch({ batch }: EachBatchPayload, reading: Reading, next: Map<number, number>): void {
  const { partition } = batch;
  const from = next.get(partition) ?? 0;
  for (const { offset, value, headers = {}, timestamp } of batch.messages) {
    // A fetch that was under way before the seek may bring what was not asked for.
    if (Number(offset) < from) continue;
    reading.take({
      partition,
      offset: Number(offset),
      value: value ?? new Uint8Array(),
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, content]) => [name, String(content)]),
      ),
      storedAt: new Date(Number(timestamp)),
    });
  }
  next.set(partition, Math.max(from, Number(batch.lastOffset()) + 1));
}

/** The broker forgets it by itself some day; this only keeps its list short. */
async function forgetGroup({ kafka }: KafkaConnection, groupId: string): Promise<void> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.deleteGroups([groupId]);
  } catch {
    // It stays until the broker removes it.
  } finally {
    await farewell(admin);
  }
}
