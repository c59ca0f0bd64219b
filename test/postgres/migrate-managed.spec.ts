// P5: the log cannot be edited unseen: also where nobody is a superuser, the service can only add.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startEmbedded, type Embedded } from '../../src/platform/embedded/start-embedded.js';
import { migrate, migratePrivileged } from '../../src/platform/postgres/migrate.js';
import { supervisorProgram } from '../support/from-source.js';
import { addressOf, asSuperuser } from '../support/template-database.js';

let server: Embedded;
let superuser: string;
beforeAll(async () => {
  server = await startEmbedded({
    home: null,
    postgres: true,
    kafka: false,
    postgresSettings: { fsync: 'off' },
    supervisor: supervisorProgram(),
  });
  superuser = server.databaseSuperuserUrl!;
  await asSuperuser(superuser, [
    `create role plain login password 'plain'`,
    `create role admin login password 'admin' createrole`,
    'create database managed owner plain',
    'create database fresh',
  ]);
});
afterAll(() => server.stop());

const as = (role: string, database = 'managed'): string => addressOf(superuser, database, role);

async function run(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

const insert = `insert into audit.entry (organization_id, at, id, action, outcome, actor_type, actor_id, bytes)
  values (gen_random_uuid(), now(), gen_random_uuid(), 'user.created', 'success', 'service', 'test', '{}')`;

// The story of one managed database, told in order.
describe('a database without a superuser', () => {
  it('is not migrated by an owner who may not make roles, and the message says what to do', async () => {
    await expect(migrate({ url: as('plain') })).rejects.toMatchObject({
      code: 'store.privilege_missing',
      detail: expect.stringMatching(
        /role offswitch_service is missing and plain may not make it\. .*create role offswitch_service nologin/,
      ),
    });
  });

  it('is migrated by an owner who may make roles', async () => {
    await asSuperuser(superuser, ['alter database managed owner to admin']);
    expect((await migrate({ url: as('admin') })).at(0)).toBe('Roles1763900000000');
    await run(as('admin'), `alter role offswitch_service login password 'offswitch_service'`);
    await run(as('admin'), `alter role offswitch_auditor login password 'offswitch_auditor'`);
  });

  it('lets the service add entries and nothing more', async () => {
    await run(as('offswitch_service'), insert);
    for (const attack of [
      'update audit.entry set action = null',
      'delete from audit.entry',
      'truncate audit.entry',
    ])
      await expect(run(as('offswitch_service'), attack)).rejects.toThrow(/permission denied/);
    expect(await run(as('offswitch_service'), 'select audit.ensure_partitions()')).toEqual([]);
  });

  it('stops its owner’s slips by the triggers', async () => {
    for (const attack of [
      'update audit.entry set action = null',
      'delete from audit.entry',
      'truncate audit.entry',
    ])
      await expect(run(as('admin'), attack)).rejects.toThrow(/only ever added/);
  });

  // This is what migrate --privileged is for, and what the start warns about.
  it('cannot stop an owner who takes the triggers down first', async () => {
    const rows = await run(
      as('admin'),
      `begin;
       alter table audit.entry disable trigger refuse_change;
       delete from audit.entry;
       rollback`,
    );
    expect(rows).toBeUndefined();
  });

  it('lets auditors start read-only, with an end to every statement', async () => {
    expect(
      await run(
        as('offswitch_auditor'),
        `select current_setting('default_transaction_read_only') as read_only, current_setting('statement_timeout') as ends`,
      ),
    ).toEqual([{ read_only: 'on', ends: '1min' }]);
  });

  it('is hardened later by a superuser, and then its owner is refused too', async () => {
    await migratePrivileged({ url: addressOf(superuser, 'managed') });
    await expect(
      run(as('admin'), 'alter table audit.entry disable trigger refuse_change'),
    ).rejects.toThrow(/must be owner|permission denied/);
    await run(as('offswitch_service'), insert);
  });
});

describe('a fresh database of a superuser', () => {
  it('gets its roles with their passwords', async () => {
    await migratePrivileged({
      url: addressOf(superuser, 'fresh'),
      logins: { offswitch_owner: 'offswitch_owner', offswitch_service: 'offswitch_service' },
    });
    expect(await run(as('offswitch_service', 'fresh'), 'select current_user::text as me')).toEqual([
      { me: 'offswitch_service' },
    ]);
    expect(await migrate({ url: as('offswitch_owner', 'fresh') })).toEqual([]);
    expect(
      await run(
        addressOf(superuser, 'fresh'),
        `select rolpassword like 'SCRAM-SHA-256$%' as scram from pg_authid where rolname = 'offswitch_owner'`,
      ),
    ).toEqual([{ scram: true }]);
  });

  it('refuses a password that SCRAM would change', async () => {
    await expect(
      migratePrivileged({
        url: addressOf(superuser, 'fresh'),
        logins: { offswitch_service: 'ﬁsh' },
      }),
    ).rejects.toThrow(TypeError);
  });
});
