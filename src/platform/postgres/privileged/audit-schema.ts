import type { QueryRunner } from 'typeorm';

/** Who owns the audit schema, or null before there is one. */
export async function auditOwner(runner: QueryRunner): Promise<string | null> {
  const [found] = (await runner.query(
    `select pg_get_userbyid(nspowner) as owner from pg_namespace where nspname = 'audit'`,
  )) as { owner: string }[];
  return found?.owner ?? null;
}

/**
 * Puts the guard aside for the rest of this transaction; nobody else ever sees it gone. False when none was set.
 * If we die before {@link lockAuditSchema}, the transaction is rolled back and the guard stands as before.
 */
export async function openAuditSchema(runner: QueryRunner): Promise<boolean> {
  const guards = (await runner.query(
    `select evtname as name from pg_event_trigger
      where evtname in ('offswitch_refuse_ddl', 'offswitch_refuse_drop', 'offswitch_refuse_grant')`,
  )) as { name: string }[];
  for (const { name } of guards) await runner.query(`alter event trigger ${name} disable`);
  return guards.length > 0;
}

/** Gives the schema and all that is in it to the role that nobody logs in as, and arms the event triggers. */
export async function lockAuditSchema(runner: QueryRunner): Promise<void> {
  await runner.query(`
    do $lock$
    declare
      thing record;
    begin
      alter schema audit owner to offswitch_audit_owner;
      alter schema audit_guard owner to offswitch_audit_owner;
      for thing in
        select c.oid::regclass::text as name
          from pg_class c
         where c.relnamespace = 'audit'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
           and c.relowner <> 'offswitch_audit_owner'::regrole
         order by c.relispartition
      loop
        execute format('alter table %s owner to offswitch_audit_owner', thing.name);
      end loop;
      for thing in
        select p.oid::regprocedure::text as name
          from pg_proc p
         where p.pronamespace in ('audit'::regnamespace, 'audit_guard'::regnamespace)
           and p.proowner <> 'offswitch_audit_owner'::regrole
      loop
        execute format('alter function %s owner to offswitch_audit_owner', thing.name);
      end loop;

      if not exists (select from pg_event_trigger where evtname = 'offswitch_refuse_ddl') then
        create event trigger offswitch_refuse_ddl on ddl_command_end execute function audit_guard.refuse_ddl();
      end if;
      if not exists (select from pg_event_trigger where evtname = 'offswitch_refuse_drop') then
        create event trigger offswitch_refuse_drop on sql_drop execute function audit_guard.refuse_drop();
      end if;
      if not exists (select from pg_event_trigger where evtname = 'offswitch_refuse_grant') then
        create event trigger offswitch_refuse_grant on ddl_command_end
          when tag in ('GRANT', 'REVOKE', 'ALTER DEFAULT PRIVILEGES', 'DROP OWNED', 'CREATE FUNCTION', 'ALTER FUNCTION')
          execute function audit_guard.refuse_grant();
      end if;
    end
    $lock$;
    -- ALWAYS: session_replication_role = replica does not get round them.
    alter event trigger offswitch_refuse_ddl enable always;
    alter event trigger offswitch_refuse_drop enable always;
    alter event trigger offswitch_refuse_grant enable always;
  `);
}
