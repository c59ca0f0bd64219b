import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { Finding } from '../self-check.js';
import { EXPECTED_FUNCTIONS } from './expected-functions.js';

const statement = sql(
  'audit.find_faults',
  `with schemas as (
     select oid, nspname, nspowner from pg_catalog.pg_namespace where nspname in ('audit', 'audit_guard')
   ), tables as (
     select c.oid, c.oid::regclass::text as name, c.relowner, c.relname, c.relrowsecurity, c.relispartition,
            c.relkind, c.oid in (select inhrelid from pg_catalog.pg_inherits
                                  where inhparent = 'audit.entry'::regclass and not inhdetachpending) as attached
       from pg_catalog.pg_class c
      where c.relkind not in ('i', 'I', 't')
        and (c.relnamespace in (select oid from schemas)
             or c.oid in (select inhrelid from pg_catalog.pg_inherits where inhparent = 'audit.entry'::regclass))
   ), owner as (
     select oid, rolname, rolcanlogin, rolsuper from pg_catalog.pg_roles where rolname = 'offswitch_audit_owner'
   ), ours as (
     select oid, rolname, rolsuper, rolcreaterole, rolbypassrls, rolreplication from pg_catalog.pg_roles
      where rolname in ('offswitch_service', 'offswitch_auditor') or rolname = current_user
   ), functions as (
     select p.oid::regprocedure::text as name,
            encode(sha256(convert_to(concat_ws(E'\\n', l.lanname, p.prosecdef, array_to_string(p.proconfig, ','), p.prosrc),
                                     'UTF8')), 'hex') as digest
       from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
      where p.pronamespace in (select oid from schemas)
   ), expected_functions as (
     select key as name, value as digest from json_each_text($1::json)
   ), wanted_triggers (name, type) as (
     -- row + before + delete + update; before + truncate (pg_trigger.h)
     values ('refuse_change', 27), ('refuse_truncate', 34)
   ), months as (
     select 'entry_' || to_char(date_trunc('month', clock_timestamp() at time zone 'UTC') + make_interval(months => n), 'YYYY_MM') as name
       from generate_series(0, 1) as n
   )
   select 'hardening' as kind, 'schema ' || s.nspname || ' belongs to ' || pg_get_userbyid(s.nspowner) as what
     from schemas s where s.nspowner is distinct from (select oid from owner)
   union all
   select 'hardening', 'event trigger ' || wanted || ' is not there'
     from unnest(array['offswitch_refuse_ddl', 'offswitch_refuse_drop', 'offswitch_refuse_grant']) as wanted
    where not exists (select from pg_catalog.pg_event_trigger where evtname = wanted)
   union all
   select 'trigger', 'event trigger ' || e.evtname || ' is not ENABLE ALWAYS or calls something else'
     from pg_catalog.pg_event_trigger e
    where e.evtname like 'offswitch\\_refuse\\_%'
      and (e.evtenabled <> 'A' or e.evtfoid::regproc::text <> 'audit_guard.' || replace(e.evtname, 'offswitch_', ''))
   union all
   select 'trigger', t.name || ' lacks ' || w.name || ' as an ALWAYS trigger'
     from tables t cross join wanted_triggers w
    where t.relkind in ('r', 'p')
      and not exists (select from pg_catalog.pg_trigger g
                       where g.tgrelid = t.oid and g.tgname = w.name and g.tgtype = w.type and g.tgenabled = 'A'
                         and g.tgqual is null and g.tgattr = '' and g.tgfoid::regproc::text = 'audit.refuse_change')
   union all
   select 'stranger', 'trigger ' || g.tgname || ' on ' || t.name
     from tables t join pg_catalog.pg_trigger g on g.tgrelid = t.oid
    where not g.tgisinternal and g.tgname not in (select name from wanted_triggers)
   union all
   select 'stranger', 'rule ' || r.rulename || ' on ' || t.name
     from tables t join pg_catalog.pg_rewrite r on r.ev_class = t.oid where t.relkind in ('r', 'p')
   union all
   select 'stranger', 'row security on ' || t.name from tables t where t.relrowsecurity
   union all
   select 'stranger', t.name || ' is no partition of the log'
     from tables t where t.oid <> 'audit.entry'::regclass and (not t.attached or t.relname !~ '^entry_(default|\\d{4}_\\d{2})$')
   union all
   select 'grant', g.object || ': ' || g.wrong from audit.wrong_grants() g
   union all
   select 'member', m.rolname || ' can become ' || o.rolname
     from owner o join pg_catalog.pg_auth_members a on a.roleid = o.oid join pg_catalog.pg_roles m on m.oid = a.member
   union all
   select 'role', o.rolname || ' can log in' from owner o where o.rolcanlogin
   union all
   select 'role', o.rolname || ' is a superuser' from owner o where o.rolsuper
   union all
   select 'role', r.rolname || ' holds more than a service or auditor needs'
     from ours r
    where r.rolsuper or r.rolcreaterole or r.rolbypassrls or r.rolreplication
       or exists (select from unnest(array['pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program']) as power
                   where pg_has_role(r.oid, power, 'member'))
   union all
   -- Until PostgreSQL 16 whoever may create roles may join any role that is no superuser.
   select 'role', r.rolname || ' may create roles, and so become offswitch_audit_owner'
     from pg_catalog.pg_roles r
    where r.rolcreaterole and not r.rolsuper and current_setting('server_version_num')::int < 160000
   union all
   select 'function', coalesce(f.name, e.name) ||
          case when f.name is null then ' is missing' when e.name is null then ' is not ours' else ' is not what we made' end
     from functions f full join expected_functions e on e.name = f.name
    where f.digest is distinct from e.digest
   union all
   select 'partition', m.name || ' is missing'
     from months m where not exists (select from tables t where t.relname = m.name and t.attached)
   union all
   select 'partition', 'the default partition holds entries' where audit.default_holds_entries()
   union all
   select 'setting', name || ' is ' || setting
     from pg_catalog.pg_settings
    where (name in ('fsync', 'full_page_writes', 'event_triggers', 'synchronous_commit') and setting = 'off')
       or (name = 'session_replication_role' and setting <> 'origin')
   order by 1, 2`,
);

/** Reads only catalogs, so that it sees what is there and not what somebody claims. */
export async function findFaults(tx: Tx): Promise<readonly Finding[]> {
  return rows<Finding>(tx, statement, [JSON.stringify(EXPECTED_FUNCTIONS)]);
}
