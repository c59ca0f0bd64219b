import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The audit log: entries can be added and read, nothing else. What stops what is tried by
 * test/postgres/audit-*.spec.ts; what gets round it all is written in docs/threat-model.md.
 *
 * `migrate --privileged` finishes this: it gives the schema to a role that nobody logs in as, and sets the
 * event triggers that call `audit.refuse_*`. Until then the owner could take the defences down.
 */
export class Audit1763900000900 implements MigrationInterface {
  readonly name = 'Audit1763900000900';
  readonly changesAudit = true;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create schema audit;
      revoke all on schema audit from public;
      grant usage on schema audit to offswitch_service, offswitch_auditor;
      -- The guards stand outside, so that \`drop schema audit cascade\` does not take them along and succeed.
      create schema audit_guard;
      revoke all on schema audit_guard from public;

      -- \`bytes\` is the entry: RFC 8785, hashed as it lies here. The other columns are copies to search by.
      -- \`xid\` lets a later sequencer find what has been committed without ever changing a row.
      create table audit.entry (
        organization_id uuid not null,
        at timestamptz not null,
        id uuid not null,
        action text not null,
        outcome text not null check (outcome in ('success', 'refused', 'failure')),
        actor_type text not null,
        actor_id text not null,
        subject_type text,
        subject_id text,
        case_id uuid,
        connection_id uuid,
        request_id text,
        bytes bytea not null check (octet_length(bytes) between 2 and 65535),
        xid xid8 not null default pg_current_xact_id(),
        primary key (organization_id, at, id),
        check ((subject_type is null) = (subject_id is null))
      ) partition by range (at);
      create index entry_of_case on audit.entry (organization_id, case_id, at, id) where case_id is not null;
      create index entry_of_actor on audit.entry (organization_id, actor_id, at, id);
      create index entry_of_action on audit.entry (organization_id, action, at, id);
      create index entry_of_subject on audit.entry (organization_id, subject_id, at, id) where subject_id is not null;
      create index entry_in_commit_order on audit.entry (xid, id);

      -- Without UPDATE there is no \`for update\` either; without a grant on \`xid\` nobody chooses its place.
      grant select on audit.entry to offswitch_service, offswitch_auditor;
      grant insert (organization_id, at, id, action, outcome, actor_type, actor_id, subject_type, subject_id,
                    case_id, connection_id, request_id, bytes)
        on audit.entry to offswitch_service;

      create function audit.refuse_change() returns trigger
      language plpgsql set search_path = pg_catalog, pg_temp
      as $body$
      begin
        raise insufficient_privilege using
          message = format('%s refused: audit entries are only ever added', lower(tg_op));
      end
      $body$;

      -- ALWAYS: they fire under session_replication_role = replica too.
      create trigger refuse_change before update or delete on audit.entry
        for each row execute function audit.refuse_change();
      alter table audit.entry enable always trigger refuse_change;
      create trigger refuse_truncate before truncate on audit.entry
        for each statement execute function audit.refuse_change();
      alter table audit.entry enable always trigger refuse_truncate;

      -- An entry whose month has no partition lands here, because a revocation must not fail over a table that
      -- nobody made in time. Row triggers are copied to partitions, statement triggers are not.
      create table audit.entry_default partition of audit.entry default;
      create trigger refuse_truncate before truncate on audit.entry_default
        for each statement execute function audit.refuse_change();
      alter table audit.entry_default enable always trigger refuse_truncate;

      -- Makes the partitions of this month (UTC) and the three after it, and returns the names of new ones. A
      -- month that has entries in the default partition already stays there: they cannot be moved.
      -- Attaching lets writers and readers of the other partitions go on.
      create function audit.ensure_partitions() returns setof text
      language plpgsql security definer
      set search_path = pg_catalog, pg_temp set lock_timeout = '5s' set timezone = 'UTC'
      as $body$
      declare
        this_month timestamptz := date_trunc('month', clock_timestamp());
        starts_at timestamptz;
        ends_at timestamptz;
        part text;
      begin
        perform pg_advisory_xact_lock(hashtextextended('offswitch/audit-partitions', 0));
        for months in 0..3 loop
          starts_at := this_month + make_interval(months => months);
          ends_at := this_month + make_interval(months => months + 1);
          part := 'entry_' || to_char(starts_at, 'YYYY_MM');
          continue when to_regclass('audit.' || part) is not null;
          continue when exists (select from audit.entry_default where at >= starts_at and at < ends_at);
          execute format('create table audit.%I (like audit.entry including defaults including constraints)', part);
          execute format('create trigger refuse_truncate before truncate on audit.%I
                            for each statement execute function audit.refuse_change()', part);
          execute format('alter table audit.%I enable always trigger refuse_truncate', part);
          execute format('alter table audit.entry attach partition audit.%I for values from (%L) to (%L)',
                         part, starts_at, ends_at);
          return next part;
        end loop;
      end
      $body$;

      -- Whether an entry found no partition of its own. Nobody reads the default partition itself.
      create function audit.default_holds_entries() returns boolean
      language sql stable security definer set search_path = pg_catalog, pg_temp
      as $body$ select exists (select from audit.entry_default) $body$;

      -- Every grant and owner in the schema that is not as it must be. Whoever creates something here later
      -- says in this function who may use it.
      create function audit.wrong_grants() returns table (object text, wrong text)
      language sql stable set search_path = pg_catalog, pg_temp
      as $body$
        with ours as (
          select oid, nspname, nspowner, nspacl from pg_namespace where nspname in ('audit', 'audit_guard')
        ), expected (object, grantee, privilege) as (
          values ('schema audit', 'offswitch_service', 'USAGE'),
                 ('schema audit', 'offswitch_auditor', 'USAGE'),
                 ('audit.entry', 'offswitch_service', 'SELECT'),
                 ('audit.entry', 'offswitch_auditor', 'SELECT'),
                 ('audit.ensure_partitions()', 'offswitch_service', 'EXECUTE'),
                 ('audit.default_holds_entries()', 'offswitch_service', 'EXECUTE'),
                 ('audit.wrong_grants()', 'offswitch_service', 'EXECUTE')
          union all
          select 'audit.entry.' || attname, 'offswitch_service', 'INSERT'
            from pg_attribute
           where attrelid = 'audit.entry'::regclass and attnum > 0 and not attisdropped and attname <> 'xid'
        ), objects (object, owner, acl) as (
          select 'schema ' || nspname, nspowner, coalesce(nspacl, acldefault('n', nspowner)) from ours
          union all
          select c.oid::regclass::text, c.relowner,
                 coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))
            from pg_class c join ours s on s.oid = c.relnamespace
           where c.relkind not in ('i', 'I', 'c', 't')
          union all
          select c.oid::regclass || '.' || a.attname, c.relowner, a.attacl
            from pg_attribute a join pg_class c on c.oid = a.attrelid join ours s on s.oid = c.relnamespace
           where a.attacl is not null
          union all
          select p.oid::regprocedure::text, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
            from pg_proc p join ours s on s.oid = p.pronamespace
        ), held as (
          select o.object, coalesce(r.rolname, 'public')::text as grantee, a.privilege_type as privilege, a.is_grantable
            from objects o cross join lateral aclexplode(o.acl) a left join pg_roles r on r.oid = a.grantee
           where a.grantee <> o.owner
        )
        select object, grantee || ' holds ' || privilege from held
         where is_grantable or (object, grantee, privilege) not in (table expected)
        union all
        select object, grantee || ' lacks ' || privilege from expected
         where (object, grantee, privilege) not in (select object, grantee, privilege from held)
        union all
        select object, 'belongs to ' || pg_get_userbyid(owner) from objects
         where owner <> (select nspowner from ours where nspname = 'audit')
        union all
        select 'default privileges', 'of ' || pg_get_userbyid(d.defaclrole)
          from pg_default_acl d, ours s
         where d.defaclnamespace = s.oid or d.defaclrole = s.nspowner
      $body$;

      -- Event triggers run as whoever gave the command. The one way in is ensure_partitions(), recognised by
      -- the call stack and by the role that only it can take; a setting could be set by anyone.
      create function audit_guard.refuse_ddl() returns event_trigger
      language plpgsql set search_path = pg_catalog, pg_temp
      as $body$
      declare
        guardian constant oid := to_regrole('offswitch_audit_owner');
        stack text;
        admitted boolean;
        command record;
      begin
        get diagnostics stack = pg_context;
        admitted := current_user = 'offswitch_audit_owner'
          and stack ~ '(^|\\n)[^"\\n]*\\maudit\\.ensure_partitions\\(\\)';
        for command in select * from pg_event_trigger_ddl_commands() loop
          -- Rebuilding an index changes no entry.
          continue when command.command_tag = 'REINDEX';
          continue when admitted
            and command.command_tag in ('CREATE TABLE', 'CREATE INDEX', 'CREATE TRIGGER', 'ALTER TABLE');
          -- What lies in the schema, what belongs to its owner (it may have been renamed or moved by this very
          -- command), and what hangs on one of its tables: triggers, rules, policies, partitions elsewhere.
          if command.schema_name in ('audit', 'audit_guard')
            or exists (select from pg_namespace where command.classid = 'pg_namespace'::regclass
                          and oid = command.objid
                          and (nspowner = guardian or nspname in ('audit', 'audit_guard')))
            or exists (select from pg_class where command.classid = 'pg_class'::regclass
                          and oid = command.objid and relowner = guardian)
            or exists (select from pg_proc where command.classid = 'pg_proc'::regclass
                          and oid = command.objid and proowner = guardian)
            or exists (select from pg_depend d join pg_class c on c.oid = d.refobjid
                        where d.classid = command.classid and d.objid = command.objid
                          and d.refclassid = 'pg_class'::regclass and c.relowner = guardian)
          then
            raise insufficient_privilege using
              message = format('%s refused: the audit schema is not to be changed', lower(command.command_tag)),
              hint = 'A migration that changes it runs by: migrate --privileged';
          end if;
        end loop;
      end
      $body$;

      create function audit_guard.refuse_drop() returns event_trigger
      language plpgsql set search_path = pg_catalog, pg_temp
      as $body$
      begin
        if exists (
          select from pg_event_trigger_dropped_objects()
           where schema_name in ('audit', 'audit_guard') or address_names[1] in ('audit', 'audit_guard')
              or (object_type = 'schema' and object_name in ('audit', 'audit_guard'))
        ) then
          raise insufficient_privilege using
            message = format('%s refused: the audit schema is not to be changed', lower(tg_tag)),
            hint = 'A migration that changes it runs by: migrate --privileged';
        end if;
      end
      $body$;

      -- PostgreSQL does not tell an event trigger what a GRANT was about, so the result is looked at. And
      -- whoever replaces refuse_ddl() has its new body run at the end of that very command: so it is this one
      -- that refuses, as refuse_ddl() does when this one is replaced.
      create function audit_guard.refuse_grant() returns event_trigger
      language plpgsql security definer set search_path = pg_catalog, pg_temp
      as $body$
      declare
        strange record;
      begin
        if tg_tag like '%FUNCTION' then
          if exists (select from pg_event_trigger_ddl_commands() where schema_name = 'audit_guard') then
            raise insufficient_privilege using
              message = format('%s refused: the audit schema is not to be changed', lower(tg_tag)),
              hint = 'A migration that changes it runs by: migrate --privileged';
          end if;
          return;
        end if;
        select * into strange from audit.wrong_grants() limit 1;
        if found then
          raise insufficient_privilege using
            message = format('%s refused: in the audit schema %s would be: %s', lower(tg_tag), strange.object, strange.wrong);
        end if;
      end
      $body$;

      revoke all on all functions in schema audit, audit_guard from public;
      grant execute on function audit.ensure_partitions(), audit.default_holds_entries(), audit.wrong_grants() to offswitch_service;

      select audit.ensure_partitions();
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
