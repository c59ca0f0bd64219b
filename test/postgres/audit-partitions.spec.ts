// P4: nothing is lost: an entry always finds a place, and each place is guarded.
import { afterAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let service: pg.Client;
let superuser: pg.Client;
const opened: TestDatabase[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  opened.push(database);
  [service, superuser] = (await Promise.all(
    [database.serviceUrl, database.superuserUrl].map(async (connectionString) => {
      const client = new pg.Client({ connectionString });
      await client.connect();
      return client;
    }),
  )) as [pg.Client, pg.Client];
});
afterEach(() => Promise.all([service.end(), superuser.end()]));
afterAll(() => Promise.all(opened.map((each) => each.drop())));

async function partitions(): Promise<string[]> {
  const { rows } = await superuser.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit.entry'::regclass order by 1`,
  );
  return rows.map(({ name }) => name.replace('audit.', ''));
}

const month = (ahead: number): string => {
  const now = new Date();
  const at = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1));
  return `entry_${at.toISOString().slice(0, 7).replace('-', '_')}`;
};

/** As if nobody had made partitions for months: only a superuser can set this scene, past the guards. */
async function removePartitions(names: readonly string[]): Promise<void> {
  await superuser.query('set event_triggers = off');
  for (const name of names) await superuser.query(`drop table audit.${name}`);
  await superuser.query('set event_triggers = on');
}

const insert = (at: string): string =>
  `insert into audit.entry (organization_id, at, id, action, outcome, actor_type, actor_id, bytes)
   values (gen_random_uuid(), ${at}, gen_random_uuid(), 'user.created', 'success', 'service', 'test', '{}')`;

const ensure = async (client: pg.Client): Promise<string[]> =>
  (await client.query<{ name: string }>('select audit.ensure_partitions() as name')).rows.map(
    ({ name }) => name,
  );

describe('partitions of the audit log', () => {
  it('are there for this month and the three after it from the first migration on', async () => {
    expect(await partitions()).toEqual([...[0, 1, 2, 3].map(month), 'entry_default'].sort());
  });

  it('are made by the service, which may do nothing else to the schema', async () => {
    await removePartitions([month(2), month(3)]);
    expect(await ensure(service)).toEqual([month(2), month(3)]);
    expect(await ensure(service)).toEqual([]);
    expect(await partitions()).toContain(month(3));
  });

  it('are made whatever the session of the service looks like', async () => {
    await removePartitions([month(3)]);
    await service.query(
      `set timezone = 'Pacific/Kiritimati'; set search_path = audit, pg_temp; set datestyle = 'German'`,
    );
    expect(await ensure(service)).toEqual([month(3)]);
    const { rows } = await superuser
      .query<{ bounds: string }>(`set timezone = 'UTC'; select 1`)
      .then(() =>
        superuser.query<{ bounds: string }>(
          `select pg_get_expr(relpartbound, oid) as bounds from pg_class where oid = 'audit.${month(3)}'::regclass`,
        ),
      );
    expect(rows[0]!.bounds).toMatch(
      /FROM \('\d{4}-\d{2}-01 00:00:00\+00'\) TO \('\d{4}-\d{2}-01 00:00:00\+00'\)/,
    );
  });

  it('are guarded from their first moment on', async () => {
    await removePartitions([month(1)]);
    await ensure(service);
    await service.query(insert(`now() + interval '1 month'`));
    const { rows } = await superuser.query(
      `select tgname, tgenabled from pg_trigger where tgrelid = 'audit.${month(1)}'::regclass order by tgname`,
    );
    expect(rows).toEqual([
      { tgname: 'refuse_change', tgenabled: 'A' },
      { tgname: 'refuse_truncate', tgenabled: 'A' },
    ]);
    await superuser.query('set session_replication_role = replica');
    for (const attack of ['truncate', 'delete from'])
      await expect(superuser.query(`${attack} audit.${month(1)}`)).rejects.toThrow(
        /only ever added/,
      );
  });

  it('are made once when many replicas start at the same moment', async () => {
    await removePartitions([month(1), month(2), month(3)]);
    const replicas = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const client = new pg.Client({ connectionString: database.serviceUrl });
        await client.connect();
        return client;
      }),
    );
    const made = (await Promise.all(replicas.map(ensure))).flat();
    await Promise.all(replicas.map((client) => client.end()));
    expect(made.sort()).toEqual([month(1), month(2), month(3)].sort());
  });

  it('are made while another transaction is writing entries', async () => {
    await removePartitions([month(3)]);
    const writer = new pg.Client({ connectionString: database.serviceUrl });
    await writer.connect();
    await writer.query('begin');
    await writer.query(insert('now()'));
    expect(await ensure(service)).toEqual([month(3)]);
    await writer.query(insert('now()'));
    await writer.query('commit');
    await writer.end();
    const { rows } = await service.query('select 1 from audit.entry');
    expect(rows).toHaveLength(2);
  });

  it('may be missing: the entry lands in the default partition and stays there', async () => {
    await removePartitions([month(1)]);
    await service.query(insert(`date_trunc('month', now()) + interval '45 days'`));
    expect(await ensure(service)).toEqual([]);
    const { rows } = await service.query<{ name: string }>(
      'select tableoid::regclass::text as name from audit.entry',
    );
    expect(rows).toEqual([{ name: 'audit.entry_default' }]);
    const { rows: held } = await service.query('select audit.default_holds_entries() as holds');
    expect(held).toEqual([{ holds: true }]);
  });
});
