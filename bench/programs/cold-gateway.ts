import kafkajs from 'kafkajs';
import { Gateway, HttpTransport, KafkaTransport } from '../../src/gateway/index.js';
import { topicsWith } from '../../src/contract/topics.js';
import { Secret } from '../../src/kernel/secret.js';
import { SystemClock } from '../../src/platform/clock/system-clock.js';
import { machineMs } from '../frame/load.js';

/**
 * A gateway's first seconds: from its start in a process that has done nothing yet until it may decide and knows
 * every record. The floors read the same bytes and do nothing with them.
 */
const env = (name: string): string => process.env[name] ?? '';
const url = env('OFFSWITCH_URL');
const key = new Secret(env('OFFSWITCH_GATEWAY_KEY'));
const brokers = [env('KAFKA_BROKERS')];
const expected = Number(env('RECORDS'));
const clock = new SystemClock();

const ways: Readonly<Record<string, () => Promise<void>>> = {
  kafka: () => start('kafka'),
  http: () => start('http'),
  'bare-kafka': consume,
  'bare-http': download,
};

const began = machineMs();
await ways[env('WAY')]!();
process.send?.({ kind: 'ready', ms: machineMs() - began });
process.disconnect();
process.exit(0);

async function start(source: 'kafka' | 'http'): Promise<void> {
  const report = (): void => undefined;
  const service = { url, key };
  const settings = { brokers, tls: false, sasl: null };
  const transport =
    source === 'http'
      ? new HttpTransport({ service, report })
      : new KafkaTransport({ settings, clientId: 'offswitch-bench-cold', clock, report });
  const gateway = new Gateway({
    ...{ service, transport, policy: 'strict', version: '0.0.0', directory: null, clock, report },
  });
  void gateway.run(new AbortController().signal);
  // It may decide within S of a record without knowing it; here the whole window is asked for.
  while (!gateway.isReady || gateway.size < expected)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

/** kafkajs as the gateway sets it up. */
async function consume(): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
  const consumer = kafka.consumer({
    ...{ groupId: `floor-${began}`, minBytes: 1, maxWaitTimeInMs: 200 },
    maxBytesPerPartition: 4 * 1024 * 1024,
  });
  await consumer.connect();
  await consumer.subscribe({ topic: topicsWith('').revocations, fromBeginning: true });
  let read = 0;
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        eachBatch: ({ batch }) => {
          read += batch.messages.length;
          if (read >= expected) resolve();
          return Promise.resolve();
        },
      })
      .catch(reject);
  });
}

async function download(): Promise<void> {
  const headers = { authorization: `Bearer ${key.reveal()}` };
  const answer = await fetch(`${url}/v1/revocations/snapshot`, { headers });
  if (answer.status !== 200 || answer.body === null) throw new Error(`it said ${answer.status}`);
  let bytes = 0;
  for await (const chunk of answer.body) bytes += (chunk as Uint8Array).length;
  if (bytes < expected) throw new Error('that was short');
}
