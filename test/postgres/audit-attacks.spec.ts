// P5: the log cannot be edited unseen. Who tries what against the audit schema, and which defence stops it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

/** What each defence says. */
const PRIVILEGES =
  /permission denied|must be (owner|superuser|member)|must have admin option|no privileges|unrecognized configuration parameter/;
const ROW_TRIGGER = /audit entries are only ever added/;
const EVENT_TRIGGER = /the audit schema is not to be changed/;
const GRANT_TRIGGER = /in the audit schema .* would be/;

type Person = 'service' | 'auditor' | 'owner' | 'superuser';

let database: TestDatabase;
let people: Record<Person, pg.Client>;
/** The partition of this month. */
let partition: string;

beforeAll(async () => {
  database = await createTestDatabase();
  people = {
    service: await connected(database.serviceUrl),
    auditor: await connected(database.auditorUrl),
    owner: await connected(database.ownerUrl),
    superuser: await connected(database.superuserUrl),
  };
  const { rows } = await people.superuser.query<{ name: string }>(
    `select 'audit.entry_' || to_char(now() at time zone 'UTC', 'YYYY_MM') as name`,
  );
  partition = rows[0]!.name;
  // One entry in the partition of this month and one, from far ahead, in the default partition.
  for (const at of ['now()', `now() + interval '5 years'`]) await people.service.query(insert(at));
});

afterAll(async () => {
  for (const client of Object.values(people)) await client.end();
  await database.drop();
});

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

const insert = (at: string, into = 'audit.entry'): string =>
  `insert into ${into} (organization_id, at, id, action, outcome, actor_type, actor_id, bytes)
   values (gen_random_uuid(), ${at}, gen_random_uuid(), 'user.created', 'success', 'service', 'test', '{}')`;

/** Runs the statements in one transaction that is rolled back; what the last one did wrong, or null. */
async function attempt(who: Person, ...statements: readonly string[]): Promise<string | null> {
  const client = people[who];
  const filled = statements.map((text) => text.replaceAll('$partition', partition));
  await client.query('begin');
  try {
    for (const statement of filled) await client.query(statement);
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await client.query('rollback');
  }
}

/**
 * Once more, as long as the database of another test file goes at that very moment: the role is granted something in each
 * database of the cluster, and what is given up with it is looked for in all of them.
 */
async function undisturbed(attack: () => Promise<string | null>): Promise<string | null> {
  for (;;) {
    const answer = await attack();
    if (!answer?.startsWith('tuple concurrently')) return answer;
  }
}

/** A fingerprint of everything that could have been changed. */
async function state(): Promise<unknown> {
  const { rows } = await people.superuser.query(
    `select (select json_agg(e order by id) from audit.entry e) as entries,
            (select json_agg(c.oid::regclass::text || c.relowner || coalesce(c.relacl::text, '') order by c.oid)
               from pg_class c where relnamespace = 'audit'::regnamespace) as tables,
            (select json_agg(concat(tgrelid, tgname, tgenabled) order by oid) from pg_trigger
              where tgfoid = 'audit.refuse_change'::regproc) as triggers,
            (select json_agg(concat(proname, proacl, prosrc) order by oid) from pg_proc
              where pronamespace in ('audit'::regnamespace, 'audit_guard'::regnamespace)) as functions`,
  );
  return rows[0];
}

/** Attacks on the rows. Whoever lacks the privilege is stopped by that; a superuser by the triggers. */
const ROWS: Readonly<Record<string, string>> = {
  'updates an entry': `update audit.entry set action = 'nothing'`,
  'updates an entry in its partition': `update $partition set action = 'nothing'`,
  'deletes entries': `delete from audit.entry`,
  'deletes entries in their partition': `delete from $partition`,
  'truncates the log': `truncate audit.entry`,
  'truncates a partition': `truncate $partition`,
  'truncates the default partition': `truncate audit.entry_default`,
  'truncates the log with everything that hangs on it': `truncate audit.entry cascade`,
  'deletes entries by merge': `merge into audit.entry e using (select 1) x on true when matched then delete`,
  'overwrites an entry by an insert that conflicts': `
    insert into audit.entry (organization_id, at, id, action, outcome, actor_type, actor_id, bytes)
    select organization_id, at, id, action, outcome, actor_type, actor_id, bytes from audit.entry
    on conflict (organization_id, at, id) do update set action = 'nothing'`,
};

/** Attacks on the tables and what guards them. */
const STRUCTURE: Readonly<Record<string, string>> = {
  'detaches a partition': `alter table audit.entry detach partition $partition`,
  'disables a trigger': `alter table audit.entry disable trigger refuse_change`,
  'disables all triggers of a partition': `alter table $partition disable trigger all`,
  'makes a trigger an ordinary one': `alter table audit.entry enable trigger refuse_truncate`,
  'makes a trigger one for replicas': `alter table audit.entry enable replica trigger refuse_change`,
  'drops the row trigger': `drop trigger refuse_change on audit.entry`,
  'drops the truncate trigger of a partition': `drop trigger refuse_truncate on $partition`,
  'drops the trigger function': `drop function audit.refuse_change() cascade`,
  'replaces the trigger function': `create or replace function audit.refuse_change() returns trigger language plpgsql as 'begin return old; end'`,
  'replaces the guard': `create or replace function audit_guard.refuse_ddl() returns event_trigger language plpgsql as 'begin end'`,
  'drops a partition': `drop table $partition`,
  'drops the log': `drop table audit.entry`,
  'drops the schema': `drop schema audit cascade`,
  'renames the log': `alter table audit.entry rename to somewhere`,
  'moves the log': `alter table audit.entry set schema public`,
  'renames the schema': `alter schema audit rename to somewhere`,
  'takes the schema over': `alter schema audit owner to current_user`,
  'takes the log over': `alter table audit.entry owner to current_user`,
  'takes a function over': `alter function audit.refuse_change() owner to current_user`,
  'rewrites a column by changing its type': `alter table audit.entry alter column action type varchar using 'nothing'`,
  'adds a column': `alter table audit.entry add column more text`,
  'drops a constraint': `alter table audit.entry drop constraint entry_bytes_check`,
  'swallows entries by a rule': `create rule swallow as on insert to audit.entry do instead nothing`,
  'swallows entries by a rule on a partition': `create rule swallow as on insert to $partition do instead nothing`,
  'adds a trigger': `create trigger meddle before insert on $partition for each row execute function audit.refuse_change()`,
  'hides entries by a policy': `create policy hide on audit.entry using (false)`,
  'hides entries by row security': `alter table audit.entry enable row level security`,
  'adds a partition elsewhere': `create table public.aside partition of audit.entry for values from ('2060-01-01') to ('2060-02-01')`,
  'makes inserts fail by a unique index': `create unique index on $partition (action)`,
  'adds a table': `create table audit.aside (at timestamptz)`,
  'runs the partition maker with its caller’s rights': `alter function audit.ensure_partitions() security invoker`,
};

/** Attacks on who may do what. PostgreSQL answers some of them with a warning; then nothing may have changed. */
const GRANTS: Readonly<Record<string, string>> = {
  'grants update': `grant update on audit.entry to offswitch_service`,
  'grants truncate on a partition': `grant truncate on $partition to public`,
  'grants the choice of the commit order': `grant insert (xid) on audit.entry to offswitch_service`,
  'grants create in the schema': `grant create on schema audit to offswitch_service`,
  'grants with the right to grant': `grant select on audit.entry to offswitch_auditor with grant option`,
  'revokes the right to insert': `revoke all on audit.entry from offswitch_service`,
  'revokes the use of the schema': `revoke usage on schema audit from offswitch_service`,
  'opens a function to everyone': `grant execute on function audit.refuse_change() to public`,
  'opens what will be made later': `alter default privileges in schema audit grant all on tables to public`,
};

const OUTSIDERS = ['service', 'auditor', 'owner'] as const;

describe.each(OUTSIDERS)('the %s', (who) => {
  it.each(Object.keys(ROWS))('is refused by privileges when it %s', async (name) => {
    expect(await attempt(who, ...writing(who), ROWS[name]!)).toMatch(PRIVILEGES);
  });

  it.each(Object.keys(STRUCTURE))('is refused by privileges when it %s', async (name) => {
    expect(await attempt(who, ...writing(who), STRUCTURE[name]!)).toMatch(PRIVILEGES);
  });

  it.each(Object.keys(GRANTS))('changes nothing when it %s', async (name) => {
    const before = await state();
    const client = people[who];
    // Not rolled back: what it could do, it may keep.
    for (const text of [
      ...writing(who).map((set) => set.replace('local', 'session')),
      GRANTS[name]!,
    ])
      await client.query(text.replaceAll('$partition', partition)).catch(() => undefined);
    expect(await state()).toEqual(before);
  });

  it.each([
    ['switches triggers off for its session', `set session_replication_role = replica`],
    ['switches event triggers off for its session', `set event_triggers = off`],
    ['disables the event trigger', `alter event trigger offswitch_refuse_ddl disable`],
    ['drops the event trigger', `drop event trigger offswitch_refuse_ddl`],
    [
      'takes the event trigger over',
      `alter event trigger offswitch_refuse_ddl owner to current_user`,
    ],
    ['becomes the owner of the log', `set role offswitch_audit_owner`],
    ['joins the owner of the log', `grant offswitch_audit_owner to current_user`],
    ['lets the owner of the log log in', `alter role offswitch_audit_owner login`],
    [
      'gives away all that the owner of the log has',
      `reassign owned by offswitch_audit_owner to current_user`,
    ],
    ['drops all that the owner of the log has', `drop owned by offswitch_audit_owner`],
    ['edits the catalog', `update pg_trigger set tgenabled = 'D' where tgname = 'refuse_change'`],
    ['locks the log against writers', `lock table audit.entry in share mode`],
    ['locks rows of the log', `select 1 from audit.entry for update`],
    ['writes past the log into a partition', insert('now()', '$partition')],
    [
      'sets another database role up to skip triggers',
      `alter role current_user set session_replication_role = replica`,
    ],
  ])('is refused by privileges when it %s', async (_name, statement) => {
    expect(await attempt(who, ...writing(who), statement)).toMatch(PRIVILEGES);
  });
});

/** The auditor starts read-only, which anybody may undo: what counts is what the role may do then. */
const writing = (who: Person): readonly string[] =>
  who === 'auditor' ? ['set local transaction_read_only = off'] : [];

describe('the service', () => {
  it('inserts, and reads what it inserted', async () => {
    expect(await attempt('service', insert('now()'), 'select bytes from audit.entry')).toBeNull();
  });

  it('does not choose where an entry stands in the order of commits', async () => {
    const statement = insert('now()')
      .replace('(organization_id', '(xid, organization_id')
      .replace('values (', `values ('1', `);
    expect(await attempt('service', statement)).toMatch(PRIVILEGES);
  });

  it('cannot throw its own privileges away', async () => {
    const before = await state();
    await people.service.query('drop owned by offswitch_service').catch(() => undefined);
    await people.service.query('drop owned by current_user').catch(() => undefined);
    expect(await state()).toEqual(before);
  });

  it('cannot store an entry of more than 65,535 bytes', async () => {
    const statement = insert('now()').replace(`'{}')`, `convert_to(repeat('x', 65536), 'UTF8'))`);
    expect(await attempt('service', statement)).toMatch(/entry_bytes_check/);
  });
});

describe('the auditor', () => {
  it('reads', async () => {
    expect(await attempt('auditor', 'select bytes from audit.entry')).toBeNull();
  });

  it('does not insert', async () => {
    expect(await attempt('auditor', ...writing('auditor'), insert('now()'))).toMatch(PRIVILEGES);
  });
});

describe('the owner', () => {
  it('neither reads nor inserts', async () => {
    expect(await attempt('owner', 'select bytes from audit.entry')).toMatch(PRIVILEGES);
    expect(await attempt('owner', insert('now()'))).toMatch(PRIVILEGES);
  });

  it('goes on with its own tables as before', async () => {
    const statements = [
      'create table aside (id int primary key)',
      'create index on aside (id)',
      'grant select on aside to offswitch_auditor',
      'alter table aside add column more text',
      'drop table aside',
    ];
    expect(await attempt('owner', ...statements)).toBeNull();
  });
});

describe.each(['origin', 'replica'])('a superuser with session_replication_role = %s', (mode) => {
  const as = (statement: string): Promise<string | null> =>
    attempt('superuser', `set local session_replication_role = ${mode}`, statement);

  it.each(Object.keys(ROWS))('is refused by the ALWAYS triggers when it %s', async (name) => {
    expect(await as(ROWS[name]!)).toMatch(ROW_TRIGGER);
  });

  it.each(Object.keys(STRUCTURE))('is refused by the event triggers when it %s', async (name) => {
    expect(await as(STRUCTURE[name]!)).toMatch(EVENT_TRIGGER);
  });

  it.each(Object.keys(GRANTS))('is refused by the grant trigger when it %s', async (name) => {
    expect(await as(GRANTS[name]!)).toMatch(GRANT_TRIGGER);
  });

  it('is refused by the grant trigger when it drops what the service was granted', async () => {
    expect(await undisturbed(() => as('drop owned by offswitch_service'))).toMatch(GRANT_TRIGGER);
  });

  it('is refused when it becomes the owner of the log first', async () => {
    const statements = [
      'set local role offswitch_audit_owner',
      'alter table audit.entry disable trigger all',
    ];
    expect(await attempt('superuser', ...statements)).toMatch(EVENT_TRIGGER);
  });

  it('is refused when it says that it comes from the partition maker', async () => {
    const statements = [
      'set local role offswitch_audit_owner',
      `create function pg_temp."audit.ensure_partitions"() returns void language plpgsql
         as 'begin create table audit.aside (at timestamptz); end'`,
      'select pg_temp."audit.ensure_partitions"()',
    ];
    expect(await attempt('superuser', ...statements)).toMatch(EVENT_TRIGGER);
  });

  it('may rebuild an index, which changes no entry', async () => {
    expect(await as('reindex table $partition')).toBeNull();
  });
});

// Written down so that nobody believes the database alone: each of these works, and then everything does. What is
// left behind is found by the self-check (audit-self-check.spec.ts); what is put back afterwards is found only
// by comparing the log with a copy or checkpoint kept outside (docs/threat-model.md).
describe('a superuser, who cannot be stopped, only found out,', () => {
  it.each([
    ['disables the event trigger', [`alter event trigger offswitch_refuse_ddl disable`]],
    ['drops the schema of the guards', [`drop schema audit_guard cascade`]],
    ['edits the catalog', [`update pg_trigger set tgenabled = 'D' where tgname = 'refuse_change'`]],
    ['joins the owner of the log', [`grant offswitch_audit_owner to test_owner`]],
    [
      'gives all that the owner has to another',
      [`reassign owned by offswitch_audit_owner to current_user`],
    ],
  ])('%s', async (_name, statements) => {
    expect(await attempt('superuser', ...statements)).toBeNull();
  });

  it('removes an entry after disabling the guards, one after the other', async () => {
    const statements = [
      'alter event trigger offswitch_refuse_ddl disable',
      'alter table audit.entry disable trigger refuse_change',
      `delete from audit.entry where at > now() + interval '1 year'`,
      'alter table audit.entry enable always trigger refuse_change',
      'alter event trigger offswitch_refuse_ddl enable always',
    ];
    expect(await attempt('superuser', ...statements)).toBeNull();
  });
});
