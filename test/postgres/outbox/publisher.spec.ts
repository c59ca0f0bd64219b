// P4: nothing is lost: whatever breaks, each committed record reaches the topic. P8: nobody waits behind another's leavers.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type OrganizationId } from '../../../src/kernel/ids.js';
import { Transactions, type Lane, type Tx } from '../../../src/kernel/tx.js';
import {
  MessagesRefused,
  type OutgoingMessage,
} from '../../../src/platform/kafka/topic-producer.js';
import { eventually } from '../../support/eventually.js';
import {
  BreakingProducer,
  digestOf,
  MemoryTopic,
  OutboxWorld,
} from '../../support/outbox-world.js';

let world: OutboxWorld;
beforeAll(async () => {
  world = await OutboxWorld.open(3);
});
afterEach(() => world.empty());
afterAll(() => world.close());

const digests = (records: readonly { readonly digest: string }[]): string[] =>
  records.map(({ digest }) => digest);

/** A topic whose broker answers when it is told to. */
class SlowTopic extends MemoryTopic {
  #answer: () => void = () => undefined;
  #giveUp: (why: Error) => void = () => undefined;
  waiting = 0;

  override async send(
    topic: string,
    messages: readonly OutgoingMessage[],
  ): Promise<readonly number[]> {
    this.waiting += 1;
    await new Promise<void>((resolve, reject) => {
      this.#answer = resolve;
      this.#giveUp = reject;
    });
    this.waiting -= 1;
    return super.send(topic, messages);
  }

  answer(): void {
    this.#answer();
  }

  override close(): Promise<void> {
    this.#giveUp(new Error('closed'));
    return Promise.resolve();
  }
}

/** A topic that will never take one of the records. */
class PickyTopic extends MemoryTopic {
  poison = '';

  override send(topic: string, messages: readonly OutgoingMessage[]): Promise<readonly number[]> {
    if (messages.some(({ value }) => digestOf(value) === this.poison))
      return Promise.reject(new MessagesRefused('too large'));
    return super.send(topic, messages);
  }
}

/** Loses its database when it is told to. */
class LosingTransactions extends Transactions {
  isLost = false;

  override run<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.isLost ? Promise.reject(new Error('gone')) : world.transactions.run(lane, work);
  }

  override read<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.isLost ? Promise.reject(new Error('gone')) : world.transactions.read(lane, work);
  }
}

describe('what has been committed and offered', () => {
  it('is signed, sent to its partition and marked with where the broker put it', async () => {
    const topic = new MemoryTopic();
    const { publisher } = world.replica({ producer: topic }).publish();
    const records = world.records(20);
    const committedAt = await world.commit(records);
    publisher.offer(records, committedAt);
    await eventually(async () => (await world.acked()).length === 20);
    const marks = new Map((await world.acked()).map((ack) => [ack.digest, ack]));
    for (const { key, value, headers, partition, offset } of topic.ofType('revocation')) {
      const record = records.find(({ digest }) => digest === digestOf(value))!;
      expect([key, partition]).toEqual([record.key, record.partition]);
      expect(marks.get(record.digest)).toMatchObject({
        partition,
        offset,
        committed_at: committedAt,
      });
      const signed = Buffer.concat([Buffer.from('offswitch:revocation:v1\n'), value]);
      const signature = Buffer.from(headers['ofs-sig']!, 'base64url');
      expect(world.keys.verify(headers['ofs-kid']!, signed, signature)).toBe(true);
    }
  });

  it('goes together into the next request while one is in flight', async () => {
    const topic = new SlowTopic();
    const { publisher } = world.replica({ producer: topic }).publish();
    const records = world.records(31);
    await world.commit(records);
    publisher.offer(records.slice(0, 1), new Date());
    await eventually(() => topic.waiting === 1);
    for (const record of records.slice(1)) publisher.offer([record], new Date());
    topic.answer();
    await eventually(() => topic.waiting === 1 && topic.requests.length === 1);
    topic.answer();
    await eventually(async () => (await world.acked()).length === 31);
    expect(topic.requests).toEqual([1, 30]);
  });

  it('is not marked before the broker has answered', async () => {
    const topic = new SlowTopic();
    const { publisher } = world.replica({ producer: topic }).publish();
    const [record] = world.records(1);
    publisher.offer([record!], await world.commit([record!]));
    await eventually(() => topic.waiting === 1);
    expect(await world.acked()).toEqual([]);
    topic.answer();
    await eventually(async () => (await world.acked()).length === 1);
  });

  it.each(['before', 'after'] as const)(
    'is sent at least once when the broker breaks %s storing it',
    async (moment) => {
      const topic = new MemoryTopic();
      let left = 7;
      const producer = new BreakingProducer(topic, () => (left-- > 0 ? moment : 'never'));
      const { publisher } = world.replica({ producer }).publish();
      const records = world.records(40);
      publisher.offer(records, await world.commit(records));
      await eventually(async () => (await world.acked()).length === 40);
      expect(producer.failures).toBe(7);
      expect(new Set(topic.digests())).toEqual(new Set(digests(records)));
    },
  );

  it('reaches healthy partitions while one partition fails', async () => {
    const topic = new MemoryTopic();
    let isSick = true;
    const producer = new BreakingProducer(topic, (messages) =>
      isSick && messages.some(({ partition }) => partition === 1) ? 'before' : 'never',
    );
    const { publisher } = world.replica({ producer }).publish();
    const records = world.records(60);
    publisher.offer(records, await world.commit(records));
    const healthy = records.filter(({ partition }) => partition !== 1);
    await eventually(async () => (await world.acked()).length === healthy.length);
    const later = world.records(60).filter(({ partition }) => partition !== 1);
    publisher.offer(later, await world.commit(later));
    await eventually(async () => (await world.acked()).length === healthy.length + later.length);
    isSick = false;
    await eventually(async () => (await world.acked()).length === records.length + later.length);
  });

  it('of one organization does not wait behind ten thousand leavers of another', async () => {
    const topic = new SlowTopic();
    const { publisher } = world.replica({ producer: topic }).publish();
    const many = world.records(10_000, { org: newId<OrganizationId>() });
    publisher.offer(many, new Date());
    await eventually(() => topic.waiting === 1);
    const single = world.record();
    publisher.offer([single], new Date());
    topic.answer();
    await eventually(() => topic.requests.length === 1 && topic.waiting === 1);
    topic.answer();
    await eventually(() => topic.requests.length === 2);
    expect(topic.digests()).toContain(single.digest);
    expect(topic.requests[1]).toBeLessThan(200);
  });
});

describe('the sweeper', () => {
  it('sends what a process that died had committed, and nothing twice that is marked', async () => {
    const topic = new MemoryTopic();
    const left = world.records(25);
    await world.commit(left);
    const marked = world.records(5);
    await world.commit(marked);
    await world.world.query(
      `insert into outbox_acks select digest, partition, 0, now(), null from outbox where digest = any($1)`,
      [digests(marked)],
    );
    const replica = world.replica({ producer: topic }).publish().sweep();
    for (const partition of [0, 1, 2]) replica.watermarks(partition);
    await eventually(async () => (await world.acked()).length === 30);
    expect(topic.digests().sort()).toEqual(digests(left).sort());
    expect((await world.acked()).filter(({ committed_at }) => committed_at !== null)).toEqual([]);
  });

  it('shares with others: what one has taken the other leaves alone, and takes when it is not sent in time', async () => {
    await world.commit(world.records(30));
    await world.world.query(`update outbox_pending set queued_at = now() - interval '1 min'`);
    const topics = [new SlowTopic(), new SlowTopic()];
    const [one, two] = topics.map((producer) => world.replica({ producer }).publish());
    const both = await Promise.all([one!.sweeper.sweep(20), two!.sweeper.sweep(20)]);
    expect(both.reduce((all, some) => all + some)).toBe(30);
    expect(await two!.sweeper.sweep(20)).toBe(0);
    await world.world.query(`update outbox_pending set swept_at = now() - interval '1 min'`);
    expect(await two!.sweeper.sweep(50)).toBe(30);
  });

  it('serves organizations in turn: one record of somebody does not wait for thousands that were left before it', async () => {
    const [many, few] = [newId<OrganizationId>(), newId<OrganizationId>()];
    await world.commit(world.records(2_000, { org: many }));
    const single = world.record({ org: few });
    await world.commit([single]);
    await world.world.query(`update outbox_pending set queued_at = queued_at - interval '1 min'`);
    const topic = new MemoryTopic();
    const replica = world.replica({ producer: topic }).publish();
    expect(await replica.sweeper.sweep(10)).toBe(10);
    await eventually(() => topic.digests().length === 10);
    expect(topic.digests()).toContain(single.digest);
  });

  it('sends again, harmlessly, what was acknowledged by the broker and died before it was marked', async () => {
    const topic = new MemoryTopic();
    const transactions = new LosingTransactions();
    const dying = world.replica({ producer: topic, transactions }).publish();
    const records = world.records(10);
    const committedAt = await world.commit(records);
    transactions.isLost = true;
    dying.publisher.offer(records, committedAt);
    await eventually(() => topic.digests().length === 10);
    await dying.stop();
    expect(await world.acked()).toEqual([]);
    const next = world.replica({ producer: topic }).publish().sweep();
    for (const partition of [0, 1, 2]) next.watermarks(partition);
    await eventually(async () => (await world.acked()).length === 10);
    expect(new Set(topic.digests())).toEqual(new Set(digests(records)));
    expect(topic.digests()).toHaveLength(20);
  });

  it('finds what had no room in memory', async () => {
    const topic = new MemoryTopic();
    const replica = world.replica({ producer: topic, mostWaiting: 10 }).publish().sweep();
    for (const partition of [0, 1, 2]) replica.watermarks(partition);
    const records = world.records(40);
    replica.publisher.offer(records, await world.commit(records));
    await eventually(async () => (await world.acked()).length === 40);
    expect(new Set(topic.digests())).toEqual(new Set(digests(records)));
  });

  it('keeps the first acknowledgement of a record', async () => {
    const topic = new MemoryTopic();
    const replica = world.replica({ producer: topic }).publish();
    const [record] = world.records(1);
    const committedAt = await world.commit([record!]);
    replica.publisher.offer([record!], committedAt);
    await eventually(async () => (await world.acked()).length === 1);
    await replica.publisher.drained(1_000);
    replica.publisher.resend([record!]);
    await eventually(() => topic.digests().length === 2);
    await replica.publisher.drained(1_000);
    expect(await world.acked()).toEqual([
      {
        digest: record!.digest,
        partition: record!.partition,
        offset: 0,
        committed_at: committedAt,
      },
    ]);
  });
});

describe('a record that the broker refuses for good', () => {
  it("stands in nobody's way, is set aside with an audit entry, and listed as a repair", async () => {
    const topic = new PickyTopic();
    const replica = world.replica({ producer: topic }).publish().sweep();
    for (const partition of [0, 1, 2]) replica.watermarks(partition);
    const records = world.records(30);
    const poison = records[11]!;
    topic.poison = poison.digest;
    replica.publisher.offer(records, await world.commit(records));
    await eventually(async () => (await world.acked()).length === 29);
    await eventually(async () => (await world.queued()).length === 0);
    const lists = topic
      .chain(poison.partition)
      .map(({ watermark }) => watermark)
      .filter(({ covers }) => covers.includes(poison.digest));
    expect(lists).toHaveLength(1);
    expect(lists[0]!.repair).toEqual([poison.digest]);
    const entries = await world.world.query<{ subject_id: string; outcome: string }>(
      `select subject_id, outcome from audit.entry where action = 'record.set_aside'`,
    );
    expect(entries).toEqual([{ subject_id: poison.digest, outcome: 'failure' }]);
  });
});

describe('the end of a process', () => {
  it('sends what has been offered before it ends', async () => {
    const topic = new MemoryTopic();
    const replica = world.replica({ producer: topic }).publish();
    const records = world.records(500);
    replica.publisher.offer(records, await world.commit(records));
    await replica.publisher.drained(20_000);
    await replica.stop();
    expect(await world.acked()).toHaveLength(500);
  });

  it('does not wait longer than it may for a broker that says nothing', async () => {
    const replica = world.replica({ producer: new SlowTopic() }).publish();
    const records = world.records(3);
    replica.publisher.offer(records, await world.commit(records));
    await replica.publisher.drained(50);
    expect(await world.queued()).toHaveLength(3);
  });
});
