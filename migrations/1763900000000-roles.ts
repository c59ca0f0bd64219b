import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who may do what. `offswitch_service` and `offswitch_auditor` hold the privileges, each migration grants its
 * own tables to them. They belong to the whole cluster while databases come and go, so they are made only
 * where they are missing, and operators may make them beforehand. Whether a person or process logs in as one
 * of them or as a member of it is the operator's choice: no SQL of ours asks for a name.
 */
export class Roles1763900000000 implements MigrationInterface {
  readonly name = 'Roles1763900000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      do $roles$
      declare
        wanted name;
      begin
        foreach wanted in array array['offswitch_service', 'offswitch_auditor'] loop
          continue when exists (select from pg_catalog.pg_roles where rolname = wanted);
          begin
            execute pg_catalog.format('create role %I nologin', wanted);
          exception
            -- Another database of this cluster made it at the same moment.
            when duplicate_object or unique_violation then null;
            when insufficient_privilege then
              raise insufficient_privilege using
                message = pg_catalog.format('role %I is missing and %I may not make it', wanted, current_user),
                hint = pg_catalog.format(
                  'Let someone who may create roles run: create role %I nologin;  or run migrate --privileged.', wanted);
          end;
        end loop;

        -- An auditor who logs in as the role itself starts read-only. That is a convenience; what protects the
        -- tables is that the role holds SELECT and nothing else.
        if not exists (
          select from pg_catalog.pg_db_role_setting s
            join pg_catalog.pg_roles r on r.oid = s.setrole and r.rolname = 'offswitch_auditor'
           where s.setdatabase = 0
        ) then
          begin
            alter role offswitch_auditor set default_transaction_read_only = on;
            alter role offswitch_auditor set statement_timeout = '60s';
            alter role offswitch_auditor set idle_in_transaction_session_timeout = '60s';
          exception
            -- Pre-made by somebody who has not lent it to us: the self-check says that it is missing.
            when insufficient_privilege then null;
          end;
        end if;
      end
      $roles$;

      grant usage on schema public to offswitch_service, offswitch_auditor;
      grant select on schema_migrations to offswitch_service, offswitch_auditor;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
