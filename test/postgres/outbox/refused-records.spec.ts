// P4: nothing is lost: what the broker refused is kept, told of, and sent when an operator asks. P8: it blocks nobody.
import { afterEach, afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type Id } from '../../../src/kernel/ids.js';
import { advanceHead } from '../../../src/outbox/postgres/advance-head.js';
import { queueRefused } from '../../../src/outbox/postgres/refused-records.js';
import { setAside } from '../../../src/outbox/postgres/set-aside.js';
import { StoredRefusedRecords } from '../../../src/outbox/stored-refused-records.js';
import { takeHead } from '../../../src/outbox/postgres/heads.js';
import { follow } from '../../../src/outbox/domain/watermarks.js';
import type { OutboxRecord } from '../../../src/outbox/index.js';
import { sha256 } from '../../../src/platform/crypto/sha256.js';
import {
  MessagesRefused,
  type OutgoingMessage,
} from '../../../src/platform/kafka/topic-producer.js';
import { eventually } from '../../support/eventually.js';
import { digestOf, MemoryTopic, OutboxWorld, type Replica } from '../../support/outbox-world.js';

let world: OutboxWorld;
let refused: StoredRefusedRecords;
beforeAll(async () => {
  world = await OutboxWorld.open(1);
  const { transactions, audit, installation } = world;
  refused = new StoredRefusedRecords({ transactions, audit, installation });
});
afterEach(() => world.empty());
afterAll(() => world.close());

const asking = {
  actor: { type: 'admin_key', id: newId() },
  requestId: newId<Id<'request'>>(),
} as const;

/** A topic that will not take some records until it has been put right. */
class PickyTopic extends MemoryTopic {
  readonly poison = new Set<string>();
  refusals = 0;

  override send(topic: string, messages: readonly OutgoingMessage[]): Promise<readonly number[]> {
    if (!messages.some(({ value }) => this.poison.has(digestOf(value))))
      return super.send(topic, messages);
    this.refusals += 1;
    return Promise.reject(new MessagesRefused('too large'));
  }
}

/** A running process, and a record that it had to set aside. */
async function poisoned(): Promise<{ topic: PickyTopic; replica: Replica; poison: OutboxRecord }> {
  const topic = new PickyTopic();
  const poison = world.record();
  topic.poison.add(poison.digest);
  const replica = world.replica({ producer: topic }).publish().sweep().watermarks();
  replica.publisher.offer([poison], await world.commit([poison]));
  await eventually(async () => (await world.covered()).length === 1);
  return { topic, replica, poison };
}

describe('a record that was set aside', () => {
  it('is told of with what the broker said, and sent when it is asked for again', async () => {
    const { topic, poison } = await poisoned();
    expect(await refused.list()).toMatchObject([
      { digest: poison.digest, refusal: 'too large', state: 'set_aside', retried_at: null },
    ]);
    topic.poison.clear();
    await refused.retry(poison.digest, asking);
    await eventually(async () => (await world.acked()).length === 1);
    expect(topic.digests()).toEqual([poison.digest]);
    expect(await refused.list()).toEqual([]);
    await eventually(async () => (await world.queued()).length === 0);
    const entries = await world.world.query(
      `select actor_id, subject_id from audit.entry where action = 'record.retried'`,
    );
    expect(entries).toEqual([{ actor_id: asking.actor.id, subject_id: poison.digest }]);
    await expect(refused.retry(poison.digest, asking)).rejects.toThrow('record.unknown');
  });

  it('is set aside once more when it is refused again, and others go past it', async () => {
    const { topic, replica, poison } = await poisoned();
    const before = topic.refusals;
    await refused.retry(poison.digest, asking);
    await eventually(() => topic.refusals > before);
    const others = world.records(20);
    replica.publisher.offer(others, await world.commit(others));
    await eventually(async () => (await world.covered()).length === 21);
    await eventually(async () => (await refused.list())[0]?.state === 'set_aside');
    const [again] = await refused.list();
    expect(again?.digest).toBe(poison.digest);
    expect(again?.retried_at).not.toBeNull();
    expect(topic.digests()).toHaveLength(20);
  });

  it('stays in the queue when it is asked for again while a watermark that lists it is being stored', async () => {
    const [record] = world.records(1);
    await world.commit([record!]);
    const { transactions } = world;
    const writer = { id: newId<Id<'writer'>>(), leaseMs: 60_000 };
    await transactions.run('background', (tx) => setAside(tx, record!.digest, 'too large'));
    const head = (await transactions.run('background', (tx) => takeHead(tx, 0, writer)))!;
    await world.world.query('update watermark_heads set acked_at = now()');
    await transactions.run('background', (tx) =>
      queueRefused(tx, { ...record!, organization_id: null }),
    );
    const said = { covers: [record!.digest], repair: [record!.digest] };
    const next = follow(
      head,
      { ...said, kids: [], more: false, t: new Date().toISOString() },
      sha256,
    );
    expect(
      await transactions.run('background', (tx) =>
        advanceHead(tx, { head, next, ...said, writer }),
      ),
    ).toBe(true);
    expect(await world.queued()).toEqual([record!.digest]);
  });

  it('is queued once by two who ask at the same moment, and by nobody under another name', async () => {
    const { poison, replica } = await poisoned();
    await replica.stop(); // or it has sent it, in vain, before the second one asks
    await Promise.all([refused.retry(poison.digest, asking), refused.retry(poison.digest, asking)]);
    const entries = await world.world.query(
      `select 1 from audit.entry where action = 'record.retried' and subject_id = $1`,
      [poison.digest],
    );
    expect(entries).toHaveLength(1);
    for (const name of ['A'.repeat(43), '', '\0'])
      await expect(refused.retry(name, asking)).rejects.toThrow('record.unknown');
  });
});
