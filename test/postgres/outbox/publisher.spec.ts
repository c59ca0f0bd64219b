// P4: nothing is lost: whatever breaks, each committed record reaches the topic. P8: nobody waits behind another's leavers.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { SCIM_EVENTS, type SecurityEvent } from '../../../src/contract/security-event.js';
import { newId, type OrganizationId } from '../../../src/kernel/ids.js';
import { Transactions, type Lane, type Tx } from '../../../src/kernel/tx.js';
import { EventPublisher } from '../../../src/outbox/events/event-publisher.js';
import {
  recordsBetween,
  recordsSince,
  type After,
  type FeedPage,
} from '../../../src/outbox/postgres/find-feed-records.js';
import { markAcked } from '../../../src/outbox/postgres/mark-acked.js';
import { sha256 } from '../../../src/platform/crypto/sha256.js';
import {
  MessagesRefused,
  type OutgoingMessage,
} from '../../../src/platform/kafka/topic-producer.js';
import { rows, sql } from '../../../src/platform/postgres/rows.js';
import { eventually } from '../../support/eventually.js';
import {
  BreakingProducer,
  digestOf,
  MemoryTopic,
  OutboxWorld,
  silentLog,
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
  isPoison = ({ value }: OutgoingMessage): boolean => digestOf(value) === this.poison;

  override send(topic: string, messages: readonly OutgoingMessage[]): Promise<readonly number[]> {
    if (messages.some((message) => this.isPoison(message)))
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

describe('a mark that need not wait for the disk', () => {
  it('leaves the connection to the next one, whose commit does', async () => {
    const ack = { partition: 0, offset: 0, ackedAt: new Date(), committedAt: null };
    const settings = await world.transactions.read('background', async (tx) => {
      await rows(tx, sql('test.hurry', `select set_config('synchronous_commit', 'on', false)`));
      await markAcked(tx, [{ ...ack, digest: digestOf(Buffer.from('marked')) }]);
      return rows<{ commit: string }>(
        tx,
        sql('test.commit', `select current_setting('synchronous_commit') as commit`),
      );
    });
    expect(settings).toEqual([{ commit: 'on' }]);
    expect(await world.acked()).toHaveLength(1);
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

describe('what is told of resources', () => {
  const PERSON = newId();

  /** As the heart writes it, `count` times of one person. */
  const happens = (count: number) =>
    world.world.query(
      `insert into events_pending (id, organization_id, connection_id, subject_id, resource, txn, type, events, at)
       select gen_random_uuid(), $1, $1, $2::uuid, '/Users/' || $2::uuid, i::text, $3::text, jsonb_build_object($3::text, '{}'::jsonb), now()
         from generate_series(1, $4::integer) i`,
      [newId(), PERSON, SCIM_EVENTS.delete, count],
    );
  const waiting = async (): Promise<number> => {
    const [row] = await world.world.query<{ n: number }>(
      'select count(*)::integer as n from events_pending',
    );
    return row!.n;
  };
  const publisher = (producer: MemoryTopic | BreakingProducer): EventPublisher =>
    new EventPublisher({
      ...{ transactions: world.transactions, producer, sign: world.keys.sign, hash: sha256 },
      ...{ topic: 'offswitch.events.v1', issuer: 'urn:offswitch:test', partitions: 3 },
      ...{ gate: world.replica({ producer }).gate, log: silentLog, writer: newId() },
    });
  const txns = (topic: MemoryTopic): string[] =>
    topic.ofType('event').map(({ value }) => {
      const { data } = JSON.parse(Buffer.from(value).toString('utf8')) as SecurityEvent;
      return data.txn;
    });
  const counted = (to: number): string[] => Array.from({ length: to }, (_, i) => String(i + 1));

  afterEach(async () => {
    await world.world.query('truncate events_pending');
    await world.world.query(`update events_turn set held_until = '-infinity'`);
  });

  it('is signed, in the partition of its subject, in order, and leaves the queue', async () => {
    const topic = new MemoryTopic();
    await happens(250);
    const events = publisher(topic);
    while ((await events.runOnce()) > 0);
    expect(txns(topic)).toEqual(counted(250));
    expect(new Set(topic.stored.map(({ partition }) => partition)).size).toBe(1);
    expect(await waiting()).toBe(0);
    const { value, headers, key } = topic.stored[0]!;
    expect(key.endsWith(`/${PERSON}`)).toBe(true);
    expect(headers['content-type']).toBe('application/cloudevents+json; charset=UTF-8');
    const signed = Buffer.concat([Buffer.from('offswitch:event:v1\n'), value]);
    const signature = Buffer.from(headers['ofs-sig']!, 'base64url');
    expect(world.keys.verify(headers['ofs-kid']!, signed, signature)).toBe(true);
  });

  it.each(['before', 'after'] as const)(
    'is told at least once, under the same id, when the broker breaks %s storing it',
    async (moment) => {
      const topic = new MemoryTopic();
      let left = 1;
      const events = publisher(new BreakingProducer(topic, () => (left-- > 0 ? moment : 'never')));
      await happens(5);
      await expect(events.runOnce()).rejects.toThrow('the broker broke');
      expect(await waiting()).toBe(5);
      await events.runOnce();
      expect(txns(topic)).toEqual(moment === 'after' ? [...counted(5), ...counted(5)] : counted(5));
      expect(new Set(topic.stored.map(({ value }) => digestOf(value))).size).toBe(5);
      expect(await waiting()).toBe(0);
    },
  );

  it('is told by one process at a time, and by another when that one is gone', async () => {
    const [first, second] = [new MemoryTopic(), new MemoryTopic()];
    const [one, other] = [publisher(first), publisher(second)];
    await happens(3);
    expect(await one.runOnce()).toBe(3);
    await happens(3);
    expect(await other.runOnce()).toBe(0);
    expect(await waiting()).toBe(3);
    await world.world.query(`update events_turn set held_until = now() - interval '1 ms'`);
    expect(await other.runOnce()).toBe(3);
    expect([txns(first), txns(second)]).toEqual([counted(3), counted(3)]);
    expect(await one.runOnce()).toBe(0);
  });

  it('that the broker refuses for good does not stand in the way of the others', async () => {
    const topic = new PickyTopic();
    const events = publisher(topic);
    await happens(4);
    const [row] = await world.world.query<{ seq: string; id: string }>(
      'select seq, id from events_pending order by seq limit 1 offset 1',
    );
    topic.isPoison = ({ value }) => Buffer.from(value).includes(row!.id);
    expect(await events.runOnce()).toBe(4);
    expect(txns(topic)).toEqual(['1', '3', '4']);
    expect(await waiting()).toBe(0);
  });
});

describe('the feed', () => {
  const all = async (pageBehind: (after: After | null) => Promise<FeedPage>) => {
    const pages: FeedPage[] = [];
    do pages.push(await pageBehind(pages.at(-1)?.after ?? null));
    while (pages.at(-1)?.after !== null);
    return pages;
  };

  const moment = async (): Promise<string> => {
    const [row] = await world.world.query<{ readonly name: string }>(
      'select pg_current_snapshot()::text as name',
    );
    return row?.name ?? '';
  };

  it('is read page by page without a record that is missed or comes twice', async () => {
    const { transactions } = world;
    const from = await moment();
    const org = await world.world.organization();
    // What one transaction wrote has one time and one xid: a page ends inside of the first, one with the second.
    const records = [world.records(4, { org }), world.records(2, { org })];
    for (const some of records) await world.commit(some);
    const to = await moment();
    const written = records
      .flat()
      .map(({ digest, value }) => [digest, Buffer.from(value).toString()]);
    const between = await all((after) =>
      transactions.read('background', (tx) => recordsBetween(tx, { from, to }, after, 3)),
    );
    const since = await all((after) =>
      transactions.read('background', (tx) => recordsSince(tx, new Date(0), after, 3)),
    );
    for (const pages of [between, since]) {
      const read = pages.flatMap(({ digests, values }) =>
        digests.map((one, i) => [one, values[i]]),
      );
      expect(pages.map(({ digests }) => digests.length)).toEqual([3, 3, 0]);
      expect(read.sort()).toEqual(written.sort());
    }
  });
});
