// P3, P4: more partitions on a running system: one chain each for ever, and no view stays fresh that misses a partition.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { sha256 } from '../../../src/platform/crypto/sha256.js';
import { DomainError } from '../../../src/kernel/domain-error.js';
import { RaisedPartitions } from '../../../src/outbox/raised-partitions.js';
import { eventually } from '../../support/eventually.js';
import { BreakingProducer, MemoryTopic, OutboxWorld } from '../../support/outbox-world.js';

const OPERATOR = { type: 'service', id: 'cli' } as const;

let world: OutboxWorld;
let raised: RaisedPartitions;
beforeAll(async () => {
  world = await OutboxWorld.open(2);
  const { transactions, audit, installation } = world;
  await world.world.query(
    `insert into installation (id, issuer, partitions) values ('${installation}', 'urn:offswitch:test', 2)`,
  );
  raised = new RaisedPartitions({ transactions, audit, installation, hash: sha256 });
});
afterEach(async () => {
  await world.empty();
  await world.world.query('update installation set partitions = 2');
});
afterAll(() => world.close());

const links = (topic: MemoryTopic, partition: number) =>
  topic.chain(partition).map(({ watermark }) => watermark);

const countIn = async (): Promise<number> => {
  const [row] = await world.world.query<{ partitions: number }>(
    'select partitions from installation',
  );
  return row!.partitions;
};

const refusalOf = (deed: Promise<unknown>): Promise<string> =>
  deed.then(
    () => 'none',
    (error: unknown) => (error as DomainError).code,
  );

/** Heads are acknowledged once in every round; a raise comes between two rounds. */
const raise = (count: number): Promise<void> =>
  eventually(async () => {
    const refusal = await refusalOf(raised.raise(count, OPERATOR));
    return refusal === 'none';
  });

describe('a raise', () => {
  it('is one link in every chain, and the writers that were there go on from it', async () => {
    const topic = new MemoryTopic();
    const replica = world.replica({ producer: topic, everyMs: 5 }).watermarks(0).watermarks(1);
    await eventually(() => [0, 1].every((partition) => links(topic, partition).length > 2));
    await raise(4);
    const told = [0, 1].map((partition) => links(topic, partition).length);
    replica.watermarks(2).watermarks(3);
    await eventually(() => [0, 1].every((p) => links(topic, p).length > told[p]! + 3));
    await eventually(() => [2, 3].every((p) => links(topic, p).length > 2));
    for (const partition of [0, 1]) {
      const chain = topic.chain(partition);
      chain.forEach(({ watermark }, i) => {
        expect(watermark.seq).toBe(i);
        expect(watermark.prev).toBe(i === 0 ? null : chain[i - 1]!.digest);
      });
      const counts = chain.map(({ watermark }) => watermark.partitions);
      expect(counts).toEqual([...counts].sort());
      expect(new Set(counts)).toEqual(new Set([2, 4]));
      const first = counts.indexOf(4);
      expect(chain[first]!.watermark.t).toBe(chain[first - 1]!.watermark.t);
    }
    for (const partition of [2, 3])
      expect(links(topic, partition)[0]).toMatchObject({ seq: 0, prev: null, partitions: 4 });
    expect(await countIn()).toBe(4);
  });

  it('comes before any T under the new count: what was queued meanwhile is covered after it', async () => {
    const topic = new MemoryTopic();
    const replica = world.replica({ producer: topic, everyMs: 5 }).publish().watermarks(0);
    world.replica({ producer: topic, everyMs: 5 }).watermarks(1);
    await eventually(() => [0, 1].every((partition) => links(topic, partition).length > 2));
    await raise(3);
    const records = world.records(20);
    replica.publisher.offer(records, await world.commit(records));
    await eventually(async () => (await world.covered()).length === 20);
    const covering = [0, 1].flatMap((partition) =>
      links(topic, partition).filter(({ covers }) => covers.length > 0),
    );
    expect(covering.length).toBeGreaterThan(0);
    expect(covering.every(({ partitions }) => partitions === 3)).toBe(true);
  });

  it('waits while a head has no word from the broker, and changes nothing', async () => {
    const topic = new MemoryTopic();
    const away = new BreakingProducer(topic, () => 'before');
    world.replica({ producer: away, everyMs: 5 }).watermarks(0).watermarks(1);
    await eventually(() => away.failures > 0);
    expect(await refusalOf(raised.raise(4, OPERATOR))).toBe('store.unavailable');
    expect(await countIn()).toBe(2);
    expect(await world.world.query('select from watermark_heads')).toHaveLength(2);
  });

  it.each([2, 1, 0, -1, 2.5, Number.NaN, 1_001])('to %p is refused', async (count) => {
    expect(await refusalOf(raised.raise(count, OPERATOR))).toBe('request.invalid_value');
    expect(await countIn()).toBe(2);
  });

  it('by two operators at once is one raise after the other', async () => {
    const topic = new MemoryTopic();
    world.replica({ producer: topic, everyMs: 5 }).watermarks(0).watermarks(1);
    await eventually(() => [0, 1].every((partition) => links(topic, partition).length > 1));
    let outcomes: string[] = [];
    await eventually(async () => {
      outcomes = await Promise.all([3, 3].map((count) => refusalOf(raised.raise(count, OPERATOR))));
      return outcomes.includes('none');
    });
    expect(outcomes.filter((outcome) => outcome === 'none')).toHaveLength(1);
    expect(await countIn()).toBe(3);
    expect(await world.world.query('select from watermark_heads')).toHaveLength(3);
  });
});
