// P3: bounded staleness rests on this: a watermark never says that it covers what it does not. P4: one chain for ever.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as after } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { readWatermark } from '../../../src/contract/read.js';
import { newId } from '../../../src/kernel/ids.js';
import { Transactions, type Lane, type Tx } from '../../../src/kernel/tx.js';
import type { OutboxRecord } from '../../../src/outbox/index.js';
import { advanceHead } from '../../../src/outbox/postgres/advance-head.js';
import { acknowledgeHead, takeHead, type OwnHead } from '../../../src/outbox/postgres/heads.js';
import { readClock } from '../../../src/outbox/postgres/read-clock.js';
import type { OutgoingMessage } from '../../../src/platform/kafka/topic-producer.js';
import { entitiesOf, PostgresTx, queryIn } from '../../../src/platform/postgres/postgres-tx.js';
import { eventually } from '../../support/eventually.js';
import { BreakingProducer, MemoryTopic, OutboxWorld } from '../../support/outbox-world.js';

let world: OutboxWorld;
beforeAll(async () => {
  world = await OutboxWorld.open(1);
});
afterEach(() => world.empty());
afterAll(() => world.close());

const digests = (records: readonly OutboxRecord[]): string[] => records.map(({ digest }) => digest);

const links = (topic: MemoryTopic) => topic.chain(0).map(({ watermark }) => watermark);

/** In the database, and what the database has is on the topic. */
const isCovered = async (
  records: readonly OutboxRecord[],
  topic: MemoryTopic,
): Promise<boolean> => {
  const covered = new Map((await world.covered()).map(({ digest, seq }) => [digest, seq]));
  const seqs = new Set(links(topic).map(({ seq }) => seq));
  return records.every(({ digest }) => seqs.has(covered.get(digest) ?? -1));
};

/** Every link follows the one before, in the order in which a reader of the topic meets it first. */
function expectOneChain(topic: MemoryTopic): void {
  const chain = topic.chain(0);
  chain.forEach(({ watermark }, i) => {
    expect(watermark.seq).toBe(i);
    expect(watermark.prev).toBe(i === 0 ? null : chain[i - 1]!.digest);
    if (i > 0) expect(watermark.t >= chain[i - 1]!.watermark.t).toBe(true);
  });
}

/** The stored chain ends where the topic's does. */
async function storedHead(): Promise<{ seq: number; acked: boolean; holder: string | null }> {
  const [row] = await world.world.query<{ seq: number; acked: boolean; holder: string | null }>(
    'select seq::integer, acked_at is not null as acked, holder from watermark_heads where partition = 0',
  );
  return row!;
}

/** Lets something happen after the first of these questions: unless told, between the two of each round. */
class Interrupted extends Transactions {
  readonly #inner: Transactions;
  readonly #meanwhile: () => Promise<void>;
  readonly #questions: readonly string[];

  constructor(
    inner: Transactions,
    meanwhile: () => Promise<void>,
    questions: readonly string[] = ['outbox.read-clock', 'outbox.read-queue'],
  ) {
    super();
    this.#inner = inner;
    this.#meanwhile = meanwhile;
    this.#questions = questions;
  }

  override run<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#inner.run(lane, work);
  }

  override read<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#inner.read(lane, (tx) => {
      let asked = 0;
      const query = async (question: {
        readonly name: string;
        readonly text: string;
      }): Promise<unknown> => {
        const answer = await queryIn(tx, question);
        const isOne = this.#questions.includes(question.name);
        if (isOne && (asked += 1) === 1) await this.#meanwhile();
        return answer;
      };
      const around = new PostgresTx({ query } as unknown as PoolClient, entitiesOf(tx));
      return work(around.asTx());
    });
  }
}

describe('attack T: transactions that commit out of order', () => {
  it('an older transaction that commits later is covered by a later watermark, never skipped', async () => {
    const topic = new MemoryTopic();
    const replica = world.replica({ producer: topic }).publish().sweep();
    const [older, newer] = [world.records(1), world.records(1)];
    let commit: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (commit = resolve));
    let begun: () => void = () => undefined;
    const enqueued = new Promise<void>((resolve) => (begun = resolve));
    const slow = world.transactions.run('deprovision', async (tx) => {
      await world.outbox.enqueue(tx, older);
      begun();
      await held;
    });
    await enqueued;
    replica.publisher.offer(newer, await world.commit(newer));
    replica.watermarks();
    await eventually(() => isCovered(newer, topic));
    await eventually(() => links(topic).length > 3);
    expect(links(topic).flatMap(({ covers }) => covers)).toEqual(digests(newer));
    commit();
    await slow;
    const acknowledged = await world.transactions.read('service', readClock);
    replica.publisher.offer(older, new Date());
    await eventually(() => isCovered(older, topic));
    const first = links(topic).find(({ t }) => t > acknowledged.toISOString());
    const covering = links(topic).find(({ covers }) => covers.includes(older[0]!.digest))!;
    expect(covering.seq).toBeLessThanOrEqual(first?.seq ?? Infinity);
  });

  it('whatever was acknowledged before T stands in a watermark up to T, with hundreds of them at once', async () => {
    const topic = new MemoryTopic();
    const replica = world.replica({ producer: topic, everyMs: 5 }).publish().sweep().watermarks();
    const acknowledged: { readonly digest: string; readonly at: string }[] = [];
    const clients = Array.from({ length: 8 }, async (_, client) => {
      for (let i = 0; i < 40; i += 1) {
        const records = world.records(1 + ((client + i) % 3));
        await world.transactions.run('deprovision', async (tx) => {
          await world.outbox.enqueue(tx, records);
          // The queue's own times say nothing about the order of commits.
          await after(((client * 7 + i * 13) % 10) * 3);
        });
        // A clock that is read after COMMIT has returned: T must not be later than this without covering them.
        const at = (await world.transactions.read('service', readClock)).toISOString();
        for (const { digest } of records) acknowledged.push({ digest, at });
        if (i % 5 !== 0) replica.publisher.offer(records, new Date());
      }
    });
    await Promise.all(clients);
    await eventually(
      () => links(topic).flatMap(({ covers }) => covers).length >= acknowledged.length,
    );
    expectOneChain(topic);
    const coveredAt = new Map<string, number>();
    for (const { covers, seq } of links(topic))
      for (const digest of covers) {
        expect(coveredAt.has(digest)).toBe(false);
        coveredAt.set(digest, seq);
      }
    for (const { digest, at } of acknowledged) {
      const first = links(topic).find(({ t, more }) => !more && t > at);
      expect(coveredAt.get(digest)).toBeLessThanOrEqual(first?.seq ?? Infinity);
    }
    expect(coveredAt.size).toBe(acknowledged.length);
  }, 60_000);

  it('a commit between the two questions of a round, to the clock and to the queue, is not skipped', async () => {
    const topic = new MemoryTopic();
    const acknowledged: { readonly digest: string; readonly at: string }[] = [];
    const between = new Interrupted(world.transactions, async () => {
      const record = world.record();
      await world.commit([record]);
      const at = (await world.transactions.read('service', readClock)).toISOString();
      acknowledged.push({ digest: record.digest, at });
      // The clock of a watermark says milliseconds.
      await after(2);
    });
    world.replica({ producer: topic, transactions: between }).publish().sweep().watermarks();
    await eventually(() => links(topic).filter(({ covers }) => covers.length > 0).length > 2);
    for (const { digest, at } of acknowledged.slice(0, 2)) {
      const first = links(topic).find(({ t }) => t > at)!;
      const covering = links(topic).find(({ covers }) => covers.includes(digest))!;
      expect(covering.seq).toBeLessThanOrEqual(first.seq);
    }
  });

  it('a record that is not acknowledged by the broker holds T back; those that come later do not', async () => {
    const topic = new MemoryTopic();
    const [stuck, later] = [world.records(1), world.records(5)];
    let isStuck = true;
    const producer = new BreakingProducer(topic, (messages) =>
      isStuck && messages.some(({ key }) => key === stuck[0]!.key) ? 'before' : 'never',
    );
    await world.commit(stuck);
    let isWaiting = false;
    const transactions = new Interrupted(
      world.transactions,
      () => {
        isWaiting = true;
        return Promise.resolve();
      },
      ['outbox.read-queued'],
    );
    const replica = world
      .replica({ producer, sideProducer: producer, watermarkProducer: topic, transactions })
      .publish();
    replica.publisher.offer(stuck, new Date());
    const before = (await world.transactions.read('service', readClock)).toISOString();
    replica.watermarks();
    await eventually(() => isWaiting);
    await world.commit(later);
    await after(200);
    expect(links(topic).every(({ t }) => t < before)).toBe(true);
    isStuck = false;
    await eventually(() => isCovered(stuck, topic));
    // The later ones were in nobody's way: the round that waited ends without them.
    const round = links(topic).find(({ covers }) => covers.length > 0)!;
    expect(round.covers).toEqual(digests(stuck));
    replica.publisher.offer(later, new Date());
    await eventually(() => isCovered(later, topic));
  });
});

describe('one chain', () => {
  it('begins with the stored genesis and grows by compare-and-set alone', async () => {
    const topic = new MemoryTopic();
    world.replica({ producer: topic, everyMs: 5 }).watermarks();
    await eventually(() => links(topic).length > 5);
    expectOneChain(topic);
    expect(links(topic)[0]).toMatchObject({ seq: 0, prev: null, covers: [], more: false });
  });

  it('stays one when several writers fight for it and the broker breaks before and after storing', async () => {
    const topic = new MemoryTopic();
    let turn = 0;
    const breaking = () =>
      new BreakingProducer(
        topic,
        () => (['never', 'after', 'never', 'before'] as const)[(turn += 1) % 4]!,
      );
    const replicas = [1, 2, 3].map(() =>
      world
        .replica({ producer: breaking(), sideProducer: topic, leaseMs: 30, everyMs: 15 })
        .publish()
        .sweep()
        .watermarks(),
    );
    const written: OutboxRecord[] = [];
    for (let i = 0; i < 60; i += 1) {
      const records = world.records(2);
      written.push(...records);
      replicas[i % 3]!.publisher.offer(records, await world.commit(records));
      await after(10);
    }
    await eventually(() => isCovered(written, topic));
    const holders = new Set<string | null>();
    await eventually(async () => {
      holders.add((await storedHead()).holder);
      return holders.size > 1;
    });
    expectOneChain(topic);
    const covers = links(topic).flatMap((watermark) => watermark.covers);
    expect(covers.sort()).toEqual(digests(written).sort());
  }, 60_000);

  it('is taken over by re-sending the stored head byte for byte when its writer died before sending', async () => {
    const topic = new MemoryTopic();
    const records = world.records(3);
    let isDead = false;
    const producer = new BreakingProducer(topic, (messages) => {
      const [first] = messages;
      const isWatermark = first?.headers['ofs-type'] === 'watermark';
      if (isWatermark && readWatermark(Buffer.from(first.value).toString()).covers.length > 0)
        isDead = true;
      return isDead ? 'before' : 'never';
    });
    const dying = world.replica({ producer, sideProducer: topic }).publish();
    dying.publisher.offer(records, await world.commit(records));
    await eventually(async () => (await world.acked()).length === 3);
    dying.watermarks();
    await eventually(() => isDead);
    await dying.stop();
    // The database has a head that the topic has not, and the records have left the queue with it.
    const head = await storedHead();
    expect(head).toMatchObject({ acked: false });
    expect(links(topic).at(-1)!.seq).toBe(head.seq - 1);
    expect(await world.queued()).toEqual([]);
    world.replica({ producer: topic }).watermarks();
    await eventually(() => links(topic).length > head.seq + 1);
    expectOneChain(topic);
    expect(links(topic)[head.seq]!.covers.toSorted()).toEqual(digests(records).toSorted());
  });

  it('gets no next link before the broker has acknowledged the last one', async () => {
    const topic = new MemoryTopic();
    let isOpen = true;
    const producer = new BreakingProducer(topic, () => (isOpen ? 'never' : 'before'));
    world.replica({ producer, everyMs: 5 }).watermarks();
    await eventually(() => links(topic).length > 2);
    isOpen = false;
    await eventually(() => producer.failures > 0);
    const stopped = await storedHead();
    await eventually(() => producer.failures > 3);
    expect(await storedHead()).toMatchObject({ seq: stopped.seq, acked: false });
    isOpen = true;
    await eventually(() => links(topic).length > stopped.seq + 2);
    expectOneChain(topic);
  });

  it('is given away by a writer that cannot get its records through, and the next one gets them through', async () => {
    const topic = new MemoryTopic();
    const deaf = new BreakingProducer(topic, () => 'before');
    const first = world
      .replica({ producer: deaf, watermarkProducer: topic, leaseMs: 100 })
      .publish()
      .sweep()
      .watermarks();
    await eventually(async () => (await storedHead()).holder === first.id);
    const records = world.records(4);
    first.publisher.offer(records, await world.commit(records));
    const second = world
      .replica({ producer: topic, leaseMs: 2_000 })
      .publish()
      .sweep()
      .watermarks();
    await eventually(() => isCovered(records, topic));
    expect((await storedHead()).holder).toBe(second.id);
    expectOneChain(topic);
  });

  it('lets the next writer begin at once when one ends', async () => {
    const topic = new MemoryTopic();
    const first = world.replica({ producer: topic, leaseMs: 3_600_000 }).watermarks();
    await eventually(() => links(topic).length > 1);
    await first.stop();
    expect(await storedHead()).toMatchObject({ holder: null });
    const seen = links(topic).length;
    world.replica({ producer: topic }).watermarks();
    await eventually(() => links(topic).length > seen);
    expectOneChain(topic);
  });
});

describe('the compare-and-set', () => {
  const writer = { id: newId(), leaseMs: 60_000 };
  const step = (head: OwnHead, record: OutboxRecord) =>
    world.transactions.run('background', (tx) =>
      advanceHead(tx, {
        head,
        next: { partition: 0, seq: head.seq + 1, digest: 'next', value: Buffer.from('next') },
        covers: [record.digest],
        repair: [],
        writer,
      }),
    );

  it.each<[string, (head: OwnHead) => OwnHead]>([
    ['before the broker has acknowledged the head', (head) => head],
    ['after another seq', (head) => ({ ...head, seq: head.seq + 1 })],
    ['after other bytes', (head) => ({ ...head, digest: 'another' })],
    ['in another term', (head) => ({ ...head, term: head.term - 1 })],
  ])('does nothing at all %s', async (when, alter) => {
    const record = world.record();
    await world.commit([record]);
    const head = (await world.transactions.read('background', (tx) => takeHead(tx, 0, writer)))!;
    if (!when.startsWith('before'))
      await world.transactions.read('background', (tx) => acknowledgeHead(tx, head));
    await expect(step(alter(head), record)).resolves.toBe(false);
    expect(await storedHead()).toMatchObject({ seq: 0 });
    expect([await world.queued(), await world.covered()]).toEqual([[record.digest], []]);
  });

  it('moves the head, lists the records and takes them off the queue, all or nothing', async () => {
    const record = world.record();
    await world.commit([record]);
    const head = (await world.transactions.read('background', (tx) => takeHead(tx, 0, writer)))!;
    await world.transactions.read('background', (tx) => acknowledgeHead(tx, head));
    const both = await Promise.all([step(head, record), step(head, record)]);
    expect(both.toSorted()).toEqual([false, true]);
    expect(await storedHead()).toMatchObject({ seq: 1, acked: false });
    expect([await world.queued(), await world.covered()]).toEqual([
      [],
      [{ digest: record.digest, seq: 1 }],
    ]);
  });
});

describe('a lost compare-and-set', () => {
  it('writes nothing of its own, and sends the stored head once more', async () => {
    const topic = new MemoryTopic();
    const stuck = world.records(1);
    await world.commit(stuck);
    class Spying extends MemoryTopic {
      override send(
        name: string,
        messages: readonly OutgoingMessage[],
      ): Promise<readonly number[]> {
        void topic.send(name, messages);
        return super.send(name, messages);
      }
    }
    // Its publisher sends nothing, so it waits for the record while its lease runs out.
    const slowTopic = new Spying();
    const slow = world.replica({ producer: slowTopic, leaseMs: 200 });
    const never = { isFlowing: false };
    const slowWriter = slow.writer(0, { publisher: never });
    slow.loops.start('slow', (stop) => slowWriter.run(stop));
    await eventually(() => slowTopic.ofType('watermark').length >= 1);
    const quick = world.replica({ producer: topic, leaseMs: 5_000 }).watermarks();
    // Any replica may send the record, and then the slow one would be done with its round.
    await eventually(async () => (await storedHead()).holder === quick.id);
    quick.publish().sweep();
    await eventually(() => isCovered(stuck, topic));
    await eventually(() => slowTopic.ofType('watermark').length >= 2);
    expect((await storedHead()).holder).toBe(quick.id);
    expectOneChain(topic);
    const resent = readWatermark(Buffer.from(slowTopic.ofType('watermark')[1]!.value).toString());
    expect(links(topic)[resent.seq]).toEqual(resent);
  });
});

describe('a round', () => {
  it('that does not fit one message is split; only the last part moves T', async () => {
    const topic = new MemoryTopic();
    const replica = world.replica({ producer: topic, maxBytes: 2_048 }).publish();
    const records = world.records(100);
    replica.publisher.offer(records, await world.commit(records));
    await eventually(async () => (await world.acked()).length === 100);
    replica.watermarks();
    await eventually(() => isCovered(records, topic));
    expectOneChain(topic);
    const chain = links(topic);
    const parts = chain.filter(({ covers }) => covers.length > 0);
    expect(parts.length).toBeGreaterThan(3);
    expect(parts.map(({ more }) => more)).toEqual(parts.map((_, i) => i < parts.length - 1));
    const before = chain[parts[0]!.seq - 1]!.t;
    expect(parts.slice(0, -1).every(({ t }) => t === before)).toBe(true);
    expect(parts.at(-1)!.t > before).toBe(true);
    expect(topic.ofType('watermark').every(({ value }) => value.length <= 2_048)).toBe(true);
    expect(parts.flatMap(({ covers }) => covers).toSorted()).toEqual(digests(records).toSorted());
  });

  it('that is cut off between its parts is finished by the next writer', async () => {
    const topic = new MemoryTopic();
    let isDead = false;
    const producer = new BreakingProducer(topic, (messages) => {
      const first = messages[0]!;
      if (isDead) return 'before';
      if (first.headers['ofs-type'] === 'watermark')
        isDead = readWatermark(Buffer.from(first.value).toString()).more;
      return 'never';
    });
    const dying = world.replica({ producer, sideProducer: topic, maxBytes: 2_048 }).publish();
    const records = world.records(100);
    dying.publisher.offer(records, await world.commit(records));
    await eventually(async () => (await world.acked()).length === 100);
    dying.watermarks();
    await eventually(() => producer.failures > 0);
    await dying.stop();
    expect((await world.queued()).length).toBeGreaterThan(0);
    world.replica({ producer: topic, maxBytes: 2_048 }).watermarks();
    await eventually(() => isCovered(records, topic));
    expectOneChain(topic);
    expect(
      links(topic)
        .flatMap(({ covers }) => covers)
        .toSorted(),
    ).toEqual(digests(records).toSorted());
  });

  it('lists every revoked signing key', async () => {
    const topic = new MemoryTopic();
    world.replica({ producer: topic, everyMs: 5 }).watermarks();
    await world.world.query(
      `insert into revoked_kids select k, gen_random_uuid(), now() from unnest(array['b', 'a']) k`,
    );
    await eventually(() => links(topic).at(-1)?.kids.join() === 'a,b');
  });

  it('says nothing while the clock of the primary stands behind its last word', async () => {
    const topic = new MemoryTopic();
    await world.world.query('truncate watermark_heads');
    const future = new Date(Date.now() + 1_500);
    await world.begin(future);
    world.replica({ producer: topic, everyMs: 20 }).watermarks();
    await eventually(() => links(topic).length >= 2);
    expect(links(topic)[1]!.t > future.toISOString()).toBe(true);
    expect((await world.transactions.read('service', readClock)) > future).toBe(true);
  });
});
