// P4: nothing is lost, nothing is undone: a database is never touched by code that does not fit it.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { QueryRunner } from 'typeorm';
import { migrations, type Migration } from '../../migrations/index.js';
import { Secret } from '../../src/kernel/secret.js';
import { openLanes } from '../../src/platform/postgres/lanes.js';
import { migrate, migratePrivileged } from '../../src/platform/postgres/migrate.js';
import { PostgresTransactions } from '../../src/platform/postgres/postgres-transactions.js';
import {
  privilegedState,
  type PrivilegedState,
} from '../../src/platform/postgres/privileged-state.js';
import {
  demandSchema,
  knownMigrations,
  schemaState,
  type SchemaState,
} from '../../src/platform/postgres/schema-state.js';
import { addressOf, asSuperuser, OWNER, SERVICE } from '../support/template-database.js';

const cluster = process.env['OFFSWITCH_TEST_DATABASE_URL']!;
const made: string[] = [];
let name: string;
let ownerUrl: string;
let superuserUrl: string;

/** An empty database that belongs to the owner, as an operator would make it. */
beforeEach(async () => {
  name = `migrate_${randomBytes(6).toString('hex')}`;
  made.push(name);
  await asSuperuser(cluster, [`create database ${name} owner ${OWNER}`]);
  ownerUrl = addressOf(cluster, name, OWNER);
  superuserUrl = addressOf(cluster, name);
});
// Without force: a session that is still open is a leak, and the drop says so.
afterAll(() =>
  asSuperuser(
    cluster,
    made.map((each) => `drop database ${each}`),
  ),
);

const all = knownMigrations();

class Later1999999999999 implements Migration {
  readonly name = 'Later1999999999999';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create table later (id int)');
  }
  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}

class Failing1999999999998 implements Migration {
  readonly name = 'Failing1999999999998';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create table half (id int)');
    await runner.query('select 1 / 0');
  }
  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}

class AuditLater1999999999997 implements Migration {
  readonly name = 'AuditLater1999999999997';
  readonly changesAudit = true;
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create table audit.later (id int)');
  }
  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}

async function ask<T>(work: (transactions: PostgresTransactions) => Promise<T>): Promise<T> {
  const lanes = await openLanes(new Secret(addressOf(cluster, name, SERVICE)));
  try {
    return await work(new PostgresTransactions(lanes));
  } finally {
    await Promise.all(Object.values(lanes).map((lane) => lane.destroy()));
  }
}

const stateNow = (known?: readonly string[]): Promise<SchemaState> =>
  ask((transactions) => transactions.read('service', (tx) => schemaState(tx, known)));
const hardeningNow = (): Promise<PrivilegedState> =>
  ask((transactions) => transactions.read('service', (tx) => privilegedState(tx)));

async function tables(): Promise<string[]> {
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`,
  );
  await client.end();
  return rows.map((row) => row.name);
}

describe('migrate', () => {
  it('brings an empty database up to the code, as an owner who is no superuser', async () => {
    expect(await migrate({ url: ownerUrl })).toEqual(all);
    expect(await stateNow()).toEqual({ kind: 'current' });
  });

  it('does nothing when it runs again', async () => {
    await migrate({ url: ownerUrl });
    expect(await migrate({ url: ownerUrl })).toEqual([]);
  });

  it('runs each migration once when several start at the same moment', async () => {
    const ran = await Promise.all(Array.from({ length: 4 }, () => migrate({ url: ownerUrl })));
    expect(ran.filter((names) => names.length > 0)).toEqual([all]);
  });

  it('lets a privileged run and an ordinary one start together', async () => {
    const ran = await Promise.all([
      migratePrivileged({ url: superuserUrl, owner: OWNER }),
      migrate({ url: ownerUrl }),
    ]);
    expect(ran.flat()).toEqual(all);
    expect(await hardeningNow()).toEqual({ hardened: true, missing: [] });
  });

  it('leaves nothing behind when a migration fails', async () => {
    const failing = migrate({ url: ownerUrl, migrations: [...migrations, Failing1999999999998] });
    await expect(failing).rejects.toThrow('division by zero');
    expect(await tables()).toEqual([]);
  });

  it('refuses a database that newer code has migrated, and names the migration', async () => {
    await migrate({ url: ownerUrl, migrations: [...migrations, Later1999999999999] });
    await expect(migrate({ url: ownerUrl })).rejects.toMatchObject({
      code: 'store.schema_newer',
      detail: expect.stringContaining('Later1999999999999'),
    });
  });

  it('refuses a database that is not UTF8', async () => {
    const latin = `${name}_latin`;
    made.push(latin);
    await asSuperuser(cluster, [
      `create database ${latin} owner ${OWNER} encoding 'LATIN1' locale_provider 'libc' locale 'C' template template0`,
    ]);
    const refused = migrate({ url: addressOf(cluster, latin, OWNER) });
    await expect(refused).rejects.toMatchObject({ code: 'store.unsuitable' });
  });
});

describe('the start', () => {
  it('refuses an empty database, and says what to run', async () => {
    const state = await stateNow();
    expect(state).toEqual({ kind: 'behind', missing: all });
    expect(() => {
      demandSchema(state);
    }).toThrow(/store\.schema_behind: the database lacks Roles1763900000000, .*run migrate/);
  });

  it('refuses a database that is behind, naming what it lacks', async () => {
    await migrate({ url: ownerUrl });
    const state = await stateNow([...all, 'Later1999999999999']);
    expect(state).toEqual({ kind: 'behind', missing: ['Later1999999999999'] });
  });

  it('refuses a database that is newer, naming what it does not know', async () => {
    await migrate({ url: ownerUrl, migrations: [...migrations, Later1999999999999] });
    const state = await stateNow();
    expect(state).toEqual({ kind: 'newer', unknown: ['Later1999999999999'] });
    expect(() => {
      demandSchema(state);
    }).toThrow(
      /store\.schema_newer: the database has Later1999999999999, which this version does not know/,
    );
  });

  it('calls a database newer that is newer and behind at once', async () => {
    await migrate({ url: ownerUrl, migrations: [...migrations, Later1999999999999] });
    expect(await stateNow([...all, 'Other1999999999998'])).toMatchObject({ kind: 'newer' });
  });

  it('can tell that migrate --privileged has not been run', async () => {
    await migrate({ url: ownerUrl });
    expect(await hardeningNow()).toEqual({
      hardened: false,
      missing: [
        `the audit schema belongs to ${OWNER}, not to offswitch_audit_owner`,
        'event trigger offswitch_refuse_ddl is not there',
        'event trigger offswitch_refuse_drop is not there',
        'event trigger offswitch_refuse_grant is not there',
      ],
    });
  });
});

describe('migrate --privileged', () => {
  it('does everything on an empty database, and the tables are the owner’s', async () => {
    expect(await migratePrivileged({ url: superuserUrl, owner: OWNER })).toEqual(all);
    expect(await hardeningNow()).toEqual({ hardened: true, missing: [] });
    expect(
      await migrate({ url: ownerUrl, migrations: [...migrations, Later1999999999999] }),
    ).toEqual(['Later1999999999999']);
  });

  it('hardens a database that its owner has migrated before, who stays the owner', async () => {
    await migrate({ url: ownerUrl });
    expect(await migratePrivileged({ url: superuserUrl })).toEqual([]);
    expect(await hardeningNow()).toEqual({ hardened: true, missing: [] });
    const later = [...migrations, Later1999999999999];
    expect(await migratePrivileged({ url: superuserUrl, migrations: later })).toHaveLength(1);
    const client = new pg.Client({ connectionString: ownerUrl });
    await client.connect();
    await client.query('drop table later');
    await client.end();
  });

  it('changes nothing when it runs again', async () => {
    await migratePrivileged({ url: superuserUrl, owner: OWNER });
    expect(await migratePrivileged({ url: superuserUrl, owner: OWNER })).toEqual([]);
    expect(await hardeningNow()).toEqual({ hardened: true, missing: [] });
  });

  it('is asked for by migrate when a later migration changes the guarded audit schema', async () => {
    await migratePrivileged({ url: superuserUrl, owner: OWNER });
    const later = [...migrations, AuditLater1999999999997];
    await expect(migrate({ url: ownerUrl, migrations: later })).rejects.toMatchObject({
      code: 'store.privilege_missing',
      detail: expect.stringMatching(/AuditLater1999999999997: .*run migrate --privileged/),
    });
    expect(await migratePrivileged({ url: superuserUrl, migrations: later })).toEqual([
      'AuditLater1999999999997',
    ]);
    expect(await hardeningNow()).toEqual({ hardened: true, missing: [] });
    const client = new pg.Client({ connectionString: superuserUrl });
    await client.connect();
    const { rows } = await client.query(
      `select relowner::regrole::text as owner from pg_class where oid = 'audit.later'::regclass`,
    );
    await expect(client.query('drop table audit.later')).rejects.toThrow(/not to be changed/);
    await client.end();
    expect(rows).toEqual([{ owner: 'offswitch_audit_owner' }]);
  });

  it('leaves the guard as it was when a migration fails', async () => {
    await migratePrivileged({ url: superuserUrl, owner: OWNER });
    const failing = migratePrivileged({
      url: superuserUrl,
      migrations: [...migrations, AuditLater1999999999997, Failing1999999999998],
    });
    await expect(failing).rejects.toThrow('division by zero');
    expect(await hardeningNow()).toEqual({ hardened: true, missing: [] });
    expect(await stateNow()).toEqual({ kind: 'current' });
  });
});
