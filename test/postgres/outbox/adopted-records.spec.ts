// P3: a record that is withheld is missed: also one that only the topic knew, and that no watermark had listed yet.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { adoptRecords } from '../../../src/deprovision/postgres/adopt.js';
import { TopicMemory } from '../../../src/outbox/topic-memory.js';
import { sha256 } from '../../../src/platform/crypto/sha256.js';
import { eventually } from '../../support/eventually.js';
import { MemoryTopic, OutboxWorld } from '../../support/outbox-world.js';

let world: OutboxWorld;
beforeAll(async () => {
  world = await OutboxWorld.open(1);
});
afterAll(() => world.close());

it('adopted records are listed once: by the watermark that the topic has, or else by the next one', async () => {
  const org = await world.world.organization();
  const topic = new MemoryTopic();
  const before = world.replica({ producer: topic }).publish().watermarks();
  const [listed, unlisted] = [world.records(2, { org }), world.records(3, { org })];
  before.publisher.offer(listed, await world.commit(listed));
  await eventually(async () => (await world.covered()).length === 2);
  await before.stop();
  const late = world.replica({ producer: topic }).publish();
  late.publisher.offer(unlisted, await world.commit(unlisted));
  await eventually(async () => (await world.acked()).length === 5);
  await late.stop();

  const memory = new TopicMemory({
    installation: world.installation,
    topic: world.topic,
    verify: world.keys.verify,
    hash: sha256,
  });
  for (const message of topic.stored) memory.take({ ...message, storedAt: new Date() });
  await world.world.query('truncate outbox, outbox_pending, outbox_acks, outbox_covers');
  const adopt = () =>
    world.transactions.run('background', (tx) =>
      adoptRecords(tx, [...memory.records.values()], memory.covers),
    );
  expect(await adopt()).toBe(5);
  expect(await adopt()).toBe(0);

  world.replica({ producer: topic }).watermarks();
  await eventually(async () => (await world.queued()).length === 0);
  const covers = topic.chain(0).flatMap(({ watermark }) => watermark.covers);
  expect(covers.sort()).toEqual([...listed, ...unlisted].map(({ digest }) => digest).sort());
});
