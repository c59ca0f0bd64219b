// P4: nothing is lost: what is dropped is old, sent, listed and archived, whoever asks; and an installation that has run for years gets there.
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { migrations } from '../../../migrations/index.js';
import { newId } from '../../../src/kernel/ids.js';
import type { OutboxRecord } from '../../../src/outbox/index.js';
import { OutboxDays } from '../../../src/outbox/outbox-days.js';
import { findRecordsOfCases } from '../../../src/outbox/postgres/find-enforcement.js';
import { migrate } from '../../../src/platform/postgres/migrate.js';
import { OutboxWorld, silentLog } from '../../support/outbox-world.js';
import { addressOf, asSuperuser, OWNER, SERVICE } from '../../support/template-database.js';

const NEVER = new AbortController().signal;
const KEEP = 8;

let world: OutboxWorld;
beforeAll(async () => {
  world = await OutboxWorld.open(1);
});
afterAll(() => world.close());

const partitions = async (): Promise<string[]> =>
  (
    await world.world.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'outbox'::regclass order by 1`,
    )
  ).map(({ name }) => name);

const nameOf = (daysAgo: number): string =>
  `outbox_${new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '_')}`;

/** A partition for each of these days and for nothing else, as if the installation had run since. */
async function daysAgo(...days: readonly number[]): Promise<void> {
  await world.empty();
  await world.world.query('truncate outbox_archive');
  for (const name of await partitions())
    if (name !== 'outbox_default') await world.world.query(`drop table ${name}`);
  for (const ago of days) {
    const at = `date_trunc('day', now(), 'UTC') - interval '${ago} days'`;
    const [range] = await world.world.query<{ a: string; b: string }>(
      `select (${at})::text as a, (${at} + interval '1 day')::text as b`,
    );
    await world.world.query(
      `create table ${nameOf(ago)} partition of outbox for values from ('${range!.a}') to ('${range!.b}')`,
    );
    await world.world.query(`alter table ${nameOf(ago)} owner to ${OWNER}`);
  }
}

/** A record that was committed so many days ago, and how far it came. */
async function recordOf(ago: number, how: 'acked' | 'unsent' | 'unlisted'): Promise<OutboxRecord> {
  const record = world.record();
  await world.commit([record]);
  await world.world.query(
    `update outbox set created_at = date_trunc('day', now(), 'UTC') - make_interval(days => $2, hours => -5)
      where digest = $1`,
    [record.digest, ago],
  );
  if (how !== 'unsent') await acknowledge(record);
  if (how !== 'unlisted')
    await world.world.query('delete from outbox_pending where digest = $1', [record.digest]);
  return record;
}

const acknowledge = ({ digest }: OutboxRecord) =>
  world.world.query('insert into outbox_acks values ($1, 0, 7, now(), null)', [digest]);

const days = (keepDays = KEEP): OutboxDays =>
  new OutboxDays({ transactions: world.transactions, log: silentLog, keepDays, page: 2 });

const asService = async (text: string): Promise<unknown> => {
  const client = new pg.Client({ connectionString: world.world.database.serviceUrl });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
};

describe('an old day of the outbox', () => {
  it('is dropped when all of it was sent and listed; whose records they were, and the broker’s word, stay', async () => {
    await daysAgo(12, 10, 9, 8, 0);
    const unsent = await recordOf(12, 'unsent');
    const sent = await Promise.all([1, 2, 3, 4, 5].map(() => recordOf(10, 'acked')));
    const unlisted = await recordOf(9, 'unlisted');
    const young = await recordOf(8, 'acked');
    await days().runOnce(NEVER);
    const left = await partitions();
    expect([12, 10, 9, 8, 0].filter((ago) => left.includes(nameOf(ago)))).toEqual([12, 9, 8, 0]);
    const known = await world.transactions.read('service', (tx) =>
      findRecordsOfCases(
        tx,
        [unsent, ...sent, unlisted, young].map((record) => record.case),
      ),
    );
    expect(known.map(({ digest }) => digest).sort()).toEqual(
      [unsent, ...sent, unlisted, young].map(({ digest }) => digest).sort(),
    );
    expect(known.find(({ case: of }) => of === sent[0]!.case)?.ack?.offset).toBe(7);
  });

  it('is kept for one record that the broker lacks, and dropped when it has it; others do not wait for it', async () => {
    await daysAgo(12, 11, 0);
    const unsent = await recordOf(12, 'unsent');
    await recordOf(12, 'acked');
    await recordOf(11, 'acked');
    await days().runOnce(NEVER);
    expect(await partitions()).toEqual(expect.arrayContaining([nameOf(12)]));
    expect(await partitions()).not.toContain(nameOf(11));
    await acknowledge(unsent);
    await days().runOnce(NEVER);
    expect(await partitions()).not.toContain(nameOf(12));
  });

  it('waits for nobody: while it is being read it stays, and deprovisions go on', async () => {
    await daysAgo(10, 0);
    await recordOf(10, 'acked');
    const reader = new pg.Client({ connectionString: world.world.database.serviceUrl });
    await reader.connect();
    await reader.query('begin');
    await reader.query('select count(*) from outbox');
    const dropping = days().runOnce(NEVER);
    await world.commit([world.record()]);
    await dropping;
    expect(await partitions()).toContain(nameOf(10));
    await reader.query('commit');
    await reader.end();
    await days().runOnce(NEVER);
    expect(await partitions()).not.toContain(nameOf(10));
  });

  it.each([
    ['younger than two days', [1, 'acked', true, 0]],
    ['not acknowledged', [10, 'unsent', true, 8]],
    ['waiting to be listed', [10, 'unlisted', true, 8]],
    ['not in the archive', [10, 'acked', false, 8]],
  ] as const)(
    'is not dropped by its function when it is %s',
    async (_, [ago, how, isKept, keep]) => {
      await daysAgo(10, 1, 0);
      const record = await recordOf(ago, how);
      if (isKept)
        await world.world.query(
          'insert into outbox_archive select digest, case_id, partition, created_at from outbox where digest = $1',
          [record.digest],
        );
      const day = nameOf(ago).slice('outbox_'.length).replaceAll('_', '-');
      expect(await asService(`select outbox_drop_partition('${day}', ${keep}) as done`)).toEqual([
        { done: false },
      ]);
      expect(await partitions()).toContain(nameOf(ago));
    },
  );
});

it('lets the service drop and delete nothing by itself', async () => {
  await daysAgo(10, 0);
  for (const text of [`drop table ${nameOf(10)}`, 'delete from outbox', `truncate outbox`])
    await expect(asService(text)).rejects.toThrow(/permission denied|must be owner/);
});

describe('the coming days', () => {
  it('have their partitions before they begin', async () => {
    await daysAgo(0);
    await days().runOnce(NEVER);
    expect(await partitions()).toEqual(
      [nameOf(0), nameOf(-1), nameOf(-2), nameOf(-3), 'outbox_default'].sort(),
    );
  });

  it('that nobody made do not fail a revocation: its record is kept by default, and found', async () => {
    await daysAgo(5);
    const record = world.record();
    await world.commit([record]);
    await days().runOnce(NEVER);
    expect(await partitions()).not.toContain(nameOf(0));
    expect(await partitions()).toContain(nameOf(-1));
    const found = await world.transactions.read('service', (tx) =>
      findRecordsOfCases(tx, [record.case]),
    );
    expect(found).toHaveLength(1);
  });
});

describe('an installation that has run for long', () => {
  const cluster = process.env['OFFSWITCH_TEST_DATABASE_URL']!;
  let name: string;
  let outside: pg.Client;
  beforeEach(async () => {
    name = `migrate_${randomBytes(6).toString('hex')}`;
    await asSuperuser(cluster, [`create database ${name} owner ${OWNER}`]);
    outside = new pg.Client({ connectionString: addressOf(cluster, name) });
    await outside.connect();
  });
  afterEach(async () => {
    await outside.end();
    await asSuperuser(cluster, [`drop database ${name}`]);
  });

  it.each([
    ['as the clock says', '0 days'],
    ['with a record from the day after tomorrow', '2 days'],
  ])('keeps its records, queue, acknowledgements and transactions: %s', async (_, ahead) => {
    const url = addressOf(cluster, name, OWNER);
    const before = migrations.findIndex((one) => one.name === 'RefusedRecords1764271000000');
    await migrate({ url, migrations: migrations.slice(0, before) });
    await outside.query(
      `insert into outbox (digest, case_id, key, partition, value, created_at)
       select 'd' || n, $1::uuid, 'k', 0, 'v'::bytea, now() - make_interval(days => n) from generate_series(1, 400) n
       union all select 'now', $1::uuid, 'k', 0, 'v'::bytea, now() + $2::interval`,
      [newId(), ahead],
    );
    await outside.query(
      `with sent as (insert into outbox_acks select digest, 0, 1, now() from outbox where digest not in ('d7', 'now')),
          listed as (insert into outbox_covers select digest, 0, 1 from outbox where digest <> 'now')
       insert into outbox_pending values ('now', 0)`,
    );
    const rows = async (text: string) => (await outside.query<Record<string, unknown>>(text)).rows;
    const all = 'select digest, case_id, created_at, xid::text from outbox order by digest';
    const stood = await rows(all);
    await migrate({ url });
    expect(await rows(all)).toEqual(stood);
    expect(await rows('select digest from outbox_refused')).toEqual([{ digest: 'd7' }]);
    const service = new pg.Client({ connectionString: addressOf(cluster, name, SERVICE) });
    await service.connect();
    await service.query(
      `insert into outbox (digest, case_id, key, partition, value) values ('new', gen_random_uuid(), 'k', 0, 'v')`,
    );
    await service.end();
    expect(
      await rows(`select xid is not null as has_xid from outbox where digest = 'new'`),
    ).toEqual([{ has_xid: true }]);
    await outside.query('set enable_seqscan = off');
    for (const where of [`digest = 'd5'`, `xid > '0'::xid8`, `created_at > now() - interval '1 s'`])
      expect(
        JSON.stringify(await rows(`explain select 1 from outbox where ${where}`)),
      ).not.toContain('Seq Scan');
    expect(await rows(`select 1 from outbox_default`)).toEqual([]);
  });
});
