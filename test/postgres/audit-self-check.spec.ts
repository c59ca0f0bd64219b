// P5: the log cannot be edited unseen. What a superuser loosens, the hourly check names.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditRounds } from '../../src/audit/audit-rounds.js';
import { SelfCheck, type Finding, type LogId } from '../../src/audit/index.js';
import { PostgresAuditLog } from '../../src/audit/postgres/postgres-audit-log.js';
import { PostgresAuditQuery } from '../../src/audit/postgres/postgres-audit-query.js';
import {
  PostgresPartitions,
  PostgresSelfCheck,
} from '../../src/audit/postgres/postgres-self-check.js';
import { newId } from '../../src/kernel/ids.js';
import { Log, type LogFields } from '../../src/platform/log/log.js';
import { migratePrivileged } from '../../src/platform/postgres/migrate.js';
import { PostgresTx } from '../../src/platform/postgres/postgres-tx.js';
import { privilegedState } from '../../src/platform/postgres/privileged-state.js';
import { World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const check = new PostgresSelfCheck();

/** Without what the test cluster leaves out on purpose: it does not wait for its disk. */
const KNOWN = ['fsync', 'full_page_writes', 'synchronous_commit'].map((name) => `${name} is off`);
const texts = (all: readonly Finding[]): string[] =>
  all.filter(({ what }) => !KNOWN.includes(what)).map(({ kind, what }) => `${kind}: ${what}`);

/**
 * What the service would find after a superuser's deeds, past the event triggers. They are rolled back: roles
 * belong to the whole cluster, and other tests run in it.
 */
async function findingsAfter(...deeds: readonly string[]): Promise<string[]> {
  const client = await world.outside.connect();
  try {
    await client.query('begin; set local event_triggers = off');
    for (const deed of deeds) await client.query(deed);
    await client.query('set local event_triggers = on; set local role test_service');
    const tx = new PostgresTx(client, world.lanes.background.manager);
    return texts(await check.findings(tx.asTx()));
  } finally {
    await client.query('rollback');
    client.release();
  }
}

const findings = async (): Promise<string[]> =>
  texts(await world.transactions.read('background', (tx) => check.findings(tx)));

/** Deeds of a superuser that stay, past the event triggers. */
async function tamper(...deeds: readonly string[]): Promise<void> {
  const client = await world.outside.connect();
  try {
    await client.query('set event_triggers = off');
    for (const deed of deeds) await client.query(deed);
  } finally {
    client.release(true);
  }
}

const month = `entry_${new Date().toISOString().slice(0, 7).replace('-', '_')}`;

describe('the self-check', () => {
  it('finds nothing on a database as it was made', async () => {
    expect(await findingsAfter()).toEqual([]);
  });

  it('names settings under which a commit can be lost', async () => {
    const all = await world.transactions.read('background', (tx) => check.findings(tx));
    expect(all).toContainEqual({ kind: 'setting', what: 'fsync is off' });
  });

  it.each<[string, string[], string]>([
    [
      'a disabled row trigger',
      ['alter table audit.entry disable trigger refuse_change'],
      'trigger: audit.entry lacks refuse_change as an ALWAYS trigger',
    ],
    [
      'a trigger of one partition that is no longer ALWAYS',
      [`alter table audit.${month} enable trigger refuse_truncate`],
      `trigger: audit.${month} lacks refuse_truncate as an ALWAYS trigger`,
    ],
    [
      'a trigger switched off in the catalog',
      [
        `update pg_trigger set tgenabled = 'D'
          where tgrelid = 'audit.entry_default'::regclass and tgname = 'refuse_change'`,
      ],
      'trigger: audit.entry_default lacks refuse_change as an ALWAYS trigger',
    ],
    [
      'a trigger that now looks at one column only',
      [
        `drop trigger refuse_change on audit.entry`,
        `create trigger refuse_change before update of action or delete on audit.entry
           for each row execute function audit.refuse_change()`,
        `alter table audit.entry enable always trigger refuse_change`,
      ],
      'trigger: audit.entry lacks refuse_change as an ALWAYS trigger',
    ],
    [
      'a disabled event trigger',
      ['alter event trigger offswitch_refuse_ddl disable'],
      'trigger: event trigger offswitch_refuse_ddl is not ENABLE ALWAYS or calls something else',
    ],
    [
      'an event trigger that replicas skip',
      ['alter event trigger offswitch_refuse_drop enable'],
      'trigger: event trigger offswitch_refuse_drop is not ENABLE ALWAYS or calls something else',
    ],
    [
      'a trigger of somebody else’s',
      [
        `create function public.swallow() returns trigger language plpgsql as 'begin return null; end'`,
        'create trigger swallow before insert on audit.entry for each row execute function public.swallow()',
      ],
      'stranger: trigger swallow on audit.entry',
    ],
    [
      'a rule',
      ['create rule swallow as on insert to audit.entry do instead nothing'],
      'stranger: rule swallow on audit.entry',
    ],
    [
      'row security',
      ['alter table audit.entry enable row level security'],
      'stranger: row security on audit.entry',
    ],
    [
      'a table that does not belong there',
      ['create table audit.aside (id int)'],
      'stranger: audit.aside is no partition of the log',
    ],
    [
      'a partition that lies elsewhere',
      [
        `create table public.aside partition of audit.entry for values from ('2060-01-01') to ('2060-02-01')`,
      ],
      'stranger: aside is no partition of the log',
    ],
    [
      'a privilege too many',
      ['grant update on audit.entry to offswitch_service'],
      'grant: audit.entry: offswitch_service holds UPDATE',
    ],
    [
      'a privilege on one partition',
      [`grant truncate on audit.${month} to public`],
      `grant: audit.${month}: public holds TRUNCATE`,
    ],
    [
      'a privilege too few',
      ['revoke insert (bytes) on audit.entry from offswitch_service'],
      'grant: audit.entry.bytes: offswitch_service lacks INSERT',
    ],
    [
      'privileges on what will be made later',
      ['alter default privileges in schema audit grant all on tables to public'],
      'grant: default privileges: of postgres',
    ],
    [
      'another owner of a partition',
      [`alter table audit.${month} owner to test_owner`],
      `grant: audit.${month}: belongs to test_owner`,
    ],
    [
      'another owner of everything',
      ['reassign owned by offswitch_audit_owner to test_owner'],
      'hardening: schema audit belongs to test_owner',
    ],
    [
      'somebody who can become the owner',
      ['grant offswitch_audit_owner to test_owner'],
      'member: test_owner can become offswitch_audit_owner',
    ],
    [
      'an owner who can log in',
      ['alter role offswitch_audit_owner login'],
      'role: offswitch_audit_owner can log in',
    ],
    [
      'a service that may write everywhere',
      ['grant pg_write_all_data to test_service'],
      'role: test_service holds more than a service or auditor needs',
    ],
    [
      'a function of somebody else’s',
      [`create function audit.aside() returns int language sql as 'select 1'`],
      'function: audit.aside() is not ours',
    ],
    [
      'a function that runs with its caller’s rights now',
      ['alter function audit.ensure_partitions() security invoker'],
      'function: audit.ensure_partitions() is not what we made',
    ],
    [
      'a function whose body was replaced, which keeps its name and owner',
      [
        `create or replace function audit.refuse_change() returns trigger language plpgsql
           set search_path = pg_catalog, pg_temp as 'begin return old; end'`,
      ],
      'function: audit.refuse_change() is not what we made',
    ],
    [
      'a detached partition',
      [`alter table audit.entry detach partition audit.${month}`],
      `partition: ${month} is missing`,
    ],
    [
      'an entry that found no partition of its own',
      [
        `insert into audit.entry (organization_id, at, id, action, outcome, actor_type, actor_id, bytes)
         values (gen_random_uuid(), '2001-01-01', gen_random_uuid(), 'user.created', 'success', 'service', 'test', '{}')`,
      ],
      'partition: the default partition holds entries',
    ],
    [
      'a session that skips ordinary triggers',
      [`set local session_replication_role = replica`],
      'setting: session_replication_role is replica',
    ],
  ])('finds %s', async (_name, statements, finding) => {
    expect(await findingsAfter(...statements)).toContain(finding);
  });

  it('is repaired by migrate --privileged where that can repair it', async () => {
    await tamper(
      'alter event trigger offswitch_refuse_ddl disable',
      'drop event trigger offswitch_refuse_grant',
      'alter schema audit owner to test_owner',
    );
    const loose = await world.transactions.read('background', (tx) => privilegedState(tx));
    await migratePrivileged({ url: world.database.superuserUrl });
    expect(loose).toEqual({
      hardened: false,
      missing: [
        'the audit schema belongs to test_owner, not to offswitch_audit_owner',
        'event trigger offswitch_refuse_ddl is not ENABLE ALWAYS',
        'event trigger offswitch_refuse_grant is not there',
      ],
    });
    expect(await findings()).toEqual([]);
    const tight = await world.transactions.read('background', (tx) => privilegedState(tx));
    expect(tight).toEqual({ hardened: true, missing: [] });
  });
});

class RememberingLog extends Log {
  readonly lines: [string, string, LogFields | undefined][] = [];
  override debug(message: string, fields?: LogFields): void {
    this.lines.push(['debug', message, fields]);
  }
  override info(message: string, fields?: LogFields): void {
    this.lines.push(['info', message, fields]);
  }
  override warn(message: string, fields?: LogFields): void {
    this.lines.push(['warn', message, fields]);
  }
  override error(message: string, fields?: LogFields): void {
    this.lines.push(['error', message, fields]);
  }
}

/** The real check without what the test cluster leaves out on purpose. */
class DisklessCheck extends SelfCheck {
  override async findings(...[tx]: Parameters<SelfCheck['findings']>): Promise<readonly Finding[]> {
    return (await check.findings(tx)).filter(({ kind }) => kind !== 'setting');
  }
}

class BrokenCheck extends SelfCheck {
  override findings(): Promise<readonly Finding[]> {
    return Promise.reject(new Error('function audit.wrong_grants() does not exist'));
  }
}

describe('the rounds', () => {
  const installation = newId<LogId>();
  const query = new PostgresAuditQuery();
  const around = (log: Log, selfCheck: SelfCheck = new DisklessCheck()): AuditRounds =>
    new AuditRounds({
      transactions: world.transactions,
      log,
      audit: new PostgresAuditLog(),
      partitions: new PostgresPartitions(),
      check: selfCheck,
      installation,
    });
  const newest = async () => {
    const page = await world.transactions.read('background', (tx) =>
      query.list(tx, installation, {}, { cursor: null, limit: 2 }),
    );
    return page.items;
  };
  afterEach(() => tamper('alter table audit.entry enable always trigger refuse_truncate'));

  it('write into the log that all is well', async () => {
    const log = new RememberingLog();
    await around(log).runOnce();
    expect(await newest()).toMatchObject([
      { action: 'audit.checked', outcome: 'success', detail: { findings: [] } },
    ]);
    expect(log.lines).toEqual([]);
  });

  it('alarm about what they find, and write that into the log', async () => {
    const log = new RememberingLog();
    await tamper('alter table audit.entry disable trigger refuse_truncate');
    const rounds = around(log);
    await rounds.runOnce();
    const what = 'audit.entry lacks refuse_truncate as an ALWAYS trigger';
    expect((await newest())[0]).toMatchObject({
      action: 'audit.checked',
      outcome: 'failure',
      detail: { findings: [{ kind: 'trigger', what }] },
    });
    expect(log.lines).toMatchObject([['error', expect.any(String), { kind: 'trigger', what }]]);
    expect(rounds.latest).toEqual([{ kind: 'trigger', what }]);
  });

  it('take a check that cannot run for a finding, not for a pass', async () => {
    const log = new RememberingLog();
    const rounds = around(log, new BrokenCheck());
    await rounds.runOnce();
    expect((await newest())[0]).toMatchObject({ action: 'audit.checked', outcome: 'failure' });
    expect(rounds.latest).toEqual([{ kind: 'check', what: 'the check could not run' }]);
  });

  it('make the partitions that are missing and write that down', async () => {
    const [ahead] = await world.query<{ name: string }>(
      `select max(inhrelid::regclass::text) filter (where inhrelid::regclass::text ~ '\\d') as name
         from pg_inherits where inhparent = 'audit.entry'::regclass`,
    );
    await tamper(`drop table ${ahead!.name}`);
    await around(new RememberingLog()).runOnce();
    const made = (await newest()).find(({ action }) => action === 'audit.partition_created');
    expect(made?.detail).toEqual({ partitions: [ahead!.name.replace('audit.', '')] });
    expect(await findings()).toEqual([]);
  });

  it('end when they are told to', async () => {
    const stop = new AbortController();
    const loop = around(new RememberingLog()).run(stop.signal);
    stop.abort();
    await expect(loop).resolves.toBeUndefined();
  });
});
