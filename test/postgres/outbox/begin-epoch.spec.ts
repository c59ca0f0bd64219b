// P3, P4: a recovery leaves no hole in a chain, wherever the service had died, and however often it is run.
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { readWatermark } from '../../../src/contract/read.js';
import { beginEpoch } from '../../../src/outbox/begin-epoch.js';
import { TopicMemory } from '../../../src/outbox/topic-memory.js';
import { sha256 } from '../../../src/platform/crypto/sha256.js';
import type { OutgoingMessage } from '../../../src/platform/kafka/topic-producer.js';
import { eventually } from '../../support/eventually.js';
import { BreakingProducer, MemoryTopic, OutboxWorld } from '../../support/outbox-world.js';

let world: OutboxWorld;
beforeAll(async () => {
  world = await OutboxWorld.open(1);
});
afterEach(() => world.empty());
afterAll(() => world.close());

const listsRecords = ({ headers, value }: OutgoingMessage): boolean =>
  headers['ofs-type'] === 'watermark' &&
  readWatermark(Buffer.from(value).toString('utf8')).covers.length > 0;

async function recover(topic: MemoryTopic): Promise<number> {
  const memory = new TopicMemory({
    installation: world.installation,
    topic: world.topic,
    verify: world.keys.verify,
    hash: sha256,
  });
  for (const message of topic.stored) memory.take({ ...message, storedAt: new Date() });
  const { epoch } = await world.transactions.run('background', (tx) =>
    beginEpoch(tx, memory.heads, sha256),
  );
  return epoch;
}

it.each([
  ['stored a head and not sent it', 'before'],
  ['sent a head and not heard of it', 'after'],
] as const)('a chain is whole after two recoveries of a service that had %s', async (_, moment) => {
  const topic = new MemoryTopic();
  const dying = new BreakingProducer(topic, (messages) =>
    messages.some(listsRecords) ? moment : 'never',
  );
  const replica = world.replica({ producer: topic, watermarkProducer: dying });
  const records = world.records(3);
  replica.publish().watermarks();
  replica.publisher.offer(records, await world.commit(records));
  await eventually(() => dying.failures > 0);
  await replica.stop();

  expect([await recover(topic), await recover(topic)]).toEqual([2, 3]);

  world.replica({ producer: topic }).watermarks();
  await eventually(() => topic.chain(0).at(-1)?.watermark.epoch === 3);
  const chain = topic.chain(0);
  expect(chain.map(({ watermark }) => watermark.seq)).toEqual([...chain.keys()]);
  expect(chain.slice(1).map(({ watermark }) => watermark.prev)).toEqual(
    chain.slice(0, -1).map(({ digest }) => digest),
  );
  expect(chain.flatMap(({ watermark }) => watermark.covers).sort()).toEqual(
    records.map(({ digest }) => digest).sort(),
  );
});
