import type { QueryRunner } from 'typeorm';
import { scramVerifier } from './scram.js';

/** Passwords of the roles that shall log in. */
export type Logins = Partial<
  Readonly<Record<'offswitch_owner' | 'offswitch_service' | 'offswitch_auditor', string>>
>;

/** Who owns the table, or null when there is none. */
export async function ownerOf(runner: QueryRunner, table: string): Promise<string | null> {
  const [found] = (await runner.query(
    `select pg_get_userbyid(relowner) as owner from pg_class where oid = to_regclass($1)`,
    [`public.${table}`],
  )) as { owner: string }[];
  return found?.owner ?? null;
}

/** Makes the roles that are missing; they belong to the cluster, so another database may have made them. */
export async function makeRoles(runner: QueryRunner, owner: string): Promise<void> {
  await runner.query(`select set_config('offswitch.owner', $1, true)`, [owner]);
  await runner.query(`
    do $roles$
    declare
      owner constant name := current_setting('offswitch.owner');
      wanted name;
      member record;
    begin
      foreach wanted in array array[owner, 'offswitch_service', 'offswitch_auditor', 'offswitch_audit_owner'] loop
        continue when exists (select from pg_catalog.pg_roles where rolname = wanted);
        begin
          execute pg_catalog.format('create role %I nologin', wanted);
        exception when duplicate_object or unique_violation then null;
        end;
      end loop;

      -- Nobody logs in as the audit schema's owner and nobody can become it.
      if exists (select from pg_catalog.pg_roles where rolname = 'offswitch_audit_owner' and (rolcanlogin or rolsuper)) then
        alter role offswitch_audit_owner nologin nosuperuser;
      end if;
      for member in
        select pg_catalog.pg_get_userbyid(m.member) as name
          from pg_catalog.pg_auth_members m
          join pg_catalog.pg_roles r on r.oid = m.roleid
         where r.rolname = 'offswitch_audit_owner'
      loop
        execute pg_catalog.format('revoke offswitch_audit_owner from %I', member.name);
      end loop;

      execute pg_catalog.format('grant connect, create, temporary on database %I to %I', current_database(), owner);
      execute pg_catalog.format('grant usage, create on schema public to %I', owner);
      execute pg_catalog.format('grant connect on database %I to offswitch_service, offswitch_auditor', current_database());
    end
    $roles$;
  `);
}

/** Gives roles LOGIN and their passwords. */
export async function letIn(runner: QueryRunner, logins: Logins): Promise<void> {
  for (const [role, password] of Object.entries(logins)) {
    const [command] = (await runner.query(
      `select format('alter role %I login password %L', $1::text, $2::text) as text`,
      [role, scramVerifier(password)],
    )) as { text: string }[];
    if (command !== undefined) await runner.query(command.text);
  }
}
