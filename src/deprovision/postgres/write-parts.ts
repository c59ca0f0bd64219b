/**
 * What one statement may be made of. Each part is there only when there is something for it to do: a part that does
 * nothing still costs its start. Whatever changes rows names them by values that stand before the statement looks at its
 * table: joined with a set of unknown size, PostgreSQL plans for a hundred and reads the whole organization.
 */
export const PARTS = {
  new_user: `
     insert into users (id, organization_id, created_at) select (x->>'new_user')::uuid, $1, $3 from w`,
  new_resource: `
     insert into resources (id, organization_id, connection_id, user_id, user_name, user_name_key, external_id, emails, active,
                            attributes, folded, version, created_at, changed_at)
     select r.id, $1, $4, r.user_id, r.user_name, r.user_name_key, r.external_id, r.emails, r.active, r.attributes, r.folded, 1, $3, $3
       from w, jsonb_to_record(x->'resource') as r (id uuid, user_id uuid, user_name text, user_name_key text, external_id text,
                                                    emails text[], active boolean, attributes jsonb, folded jsonb)`,
  changed_resource: `
     update resources t
        set user_name = r.user_name, user_name_key = r.user_name_key, external_id = r.external_id, emails = r.emails, active = r.active,
            attributes = r.attributes, folded = r.folded, version = r.version, changed_at = $3
       from w, jsonb_to_record(x->'resource') as r (id uuid, user_name text, user_name_key text, external_id text, emails text[],
                                                    active boolean, attributes jsonb, folded jsonb, version bigint)
      where t.organization_id = $1 and t.id = (select (x->'resource'->>'id')::uuid from w)`,
  activities: `
     update resources t set active = r.active, version = r.version, changed_at = $3
       from w, jsonb_to_recordset(x->'activities') as r (id uuid, active boolean, version bigint)
      where t.organization_id = $1 and t.id = r.id
        and t.id = any (array(select (o->>'id')::uuid from w, jsonb_array_elements(x->'activities') o))`,
  tombstone: `
     update resources t set deleted_at = $3, changed_at = $3, active = false, version = t.version + 1
      where t.organization_id = $1 and t.id = (select (x->>'tombstone')::uuid from w)`,
  members_met: `
     update group_members t set resource_id = (select (x->'resource'->>'id')::uuid from w), user_id = (select (x->>'user')::uuid from w)
      where t.organization_id = $1 and t.value = (select x->'resource'->>'external_id' from w) and t.resource_id is null
        and not is_group_id($1, $4, t.value)
        and exists (select from groups g where g.organization_id = $1 and g.id = t.group_id and g.connection_id = $4)
        and not exists (select from resources r, w
                         where r.organization_id = $1 and r.connection_id = $4 and r.external_id = t.value
                           and r.deleted_at is null and r.id <> (x->'resource'->>'id')::uuid)`,
  members_gone: `
     delete from group_members t
      where t.organization_id = $1 and t.user_id = (select (x->>'user')::uuid from w)
        and t.resource_id = (select (x->>'tombstone')::uuid from w)`,
  identities_ended: `
     update identities i set ended_at = $3
       from w, jsonb_to_recordset(x->'identities_ended') as n (kind text, value text)
      where i.organization_id = $1 and i.user_id = (select (x->>'user')::uuid from w) and i.connection_id = $4
        and i.kind = n.kind and i.value = n.value`,
  identities_added: `
     insert into identities (organization_id, connection_id, kind, value, user_id, created_at)
     select $1, $4, n.kind, n.value, (x->>'user')::uuid, $3
       from w, jsonb_to_recordset(x->'identities_added') as n (kind text, value text)
     on conflict (organization_id, connection_id, kind, value, user_id) do update set ended_at = null`,
  access: `
     insert into subject_generations as g (organization_id, scope, subject_id, generation, holds, lifts, changed_at)
     select $1, a.scope, a.subject_id, a.generation, a.holds, a.lifts, $3
       from w, jsonb_to_recordset(x->'access') as a (scope text, subject_id uuid, generation bigint, holds jsonb, lifts jsonb)
     on conflict (organization_id, scope, subject_id) do update
        set generation = excluded.generation, holds = excluded.holds, lifts = excluded.lifts, changed_at = excluded.changed_at`,
  tokens: `
     update device_tokens t set revoked_at = $3, revoked_cause = e.cause, revoked_case = e.case_id
       from w, jsonb_to_record(x->'tokens_end') as e (case_id uuid, cause text)
      where t.organization_id = $1 and t.user_id = (select (x->'tokens_end'->>'user_id')::uuid from w)
        and t.revoked_at is null`,
  assignments_ended: `
     update assignments a set ended_at = $3, ended_case = (select (x->'tokens_end'->>'case_id')::uuid from w)
      where a.organization_id = $1 and a.user_id = (select (x->'tokens_end'->>'user_id')::uuid from w)
        and a.ended_at is null`,
  tokens_of_many: `
     update device_tokens t set revoked_at = $3, revoked_cause = e.cause, revoked_case = e.case_id
       from w, jsonb_to_recordset(x->'endings') as e (user_id uuid, case_id uuid, cause text)
      where t.organization_id = $1 and t.user_id = e.user_id and t.revoked_at is null
        and t.user_id = any (array(select (o->>'user_id')::uuid from w, jsonb_array_elements(x->'endings') o))`,
  assignments_of_many: `
     update assignments a set ended_at = $3, ended_case = e.case_id
       from w, jsonb_to_recordset(x->'endings') as e (user_id uuid, case_id uuid, "left" boolean)
      where a.organization_id = $1 and a.user_id = e.user_id and e."left" and a.ended_at is null
        and a.user_id = any (array(select (o->>'user_id')::uuid from w, jsonb_array_elements(x->'endings') o))`,
  new_cases: `
     insert into cases (id, organization_id, scope, subject_id, user_id, generation, cause_kind, cause_connection,
                        cause_signal, cause_actor, cause_reason, devices, tokens, received_at, revoked_at)
     select c.id, $1, c.scope, c.subject_id, c.user_id, c.generation, c.cause_kind, c.cause_connection,
            c.cause_signal, c.cause_actor, c.cause_reason, c.devices, c.tokens, c.received_at, c.revoked_at
       from w, jsonb_to_recordset(x->'cases') as c (
              id uuid, scope text, subject_id text, user_id uuid, generation bigint, cause_kind text,
              cause_connection uuid, cause_signal uuid, cause_actor text, cause_reason text, devices integer,
              tokens integer, received_at timestamptz, revoked_at timestamptz)`,
  resolved_cases: `
     update cases t set scope = 'user', subject_id = c.user_id::text, user_id = c.user_id, generation = c.generation,
                        devices = c.devices, tokens = c.tokens, revoked_at = $3
       from w, jsonb_to_recordset(x->'resolutions') as c (id uuid, user_id uuid, generation bigint, devices integer,
                                                          tokens integer)
      where t.organization_id = $1 and t.id = c.id
        and t.id = any (array(select (o->>'id')::uuid from w, jsonb_array_elements(x->'resolutions') o))`,
  signals: `
     update signal_inbox t set outcome = s.outcome, case_id = s.case_id, user_id = s.user_id,
                               applied_at = case s.outcome when 'applied' then $3::timestamptz end
       from w, jsonb_to_recordset(x->'signals') as s (id uuid, outcome text, case_id uuid, user_id uuid)
      where t.organization_id = $1 and t.id = s.id
        and t.id = any (array(select (o->>'id')::uuid from w, jsonb_array_elements(x->'signals') o))`,
  waits_over: `
     delete from waiting_signals t
      where t.organization_id = $1
        and t.signal_id = any (array(select (o->>'id')::uuid from w, jsonb_array_elements(x->'signals') o
                                      where o->>'outcome' = 'applied'))`,
  waits: `
     insert into waiting_signals (organization_id, signal_id, connection_id, kind, value)
     select $1, n.signal_id, $4, n.kind, n.value
       from w, jsonb_to_recordset(x->'waits') as n (signal_id uuid, kind text, value text)
     on conflict do nothing`,
  entries: `
     insert into audit.entry (organization_id, at, id, action, outcome, actor_type, actor_id, subject_type,
                              subject_id, case_id, connection_id, request_id, bytes)
     select e.organization_id, e.at, e.id, e.action, e.outcome, e.actor_type, e.actor_id, e.subject_type,
            e.subject_id, e.case_id, e.connection_id, e.request_id, convert_to(e.bytes, 'UTF8')
       from w, jsonb_to_recordset(x->'entries') as e (
              organization_id uuid, at timestamptz, id uuid, action text, outcome text, actor_type text,
              actor_id text, subject_type text, subject_id text, case_id uuid, connection_id uuid,
              request_id text, bytes text)`,
  records: `
     insert into outbox (digest, organization_id, case_id, key, partition, value)
     select r.digest, $1, r.case_id, r.key, r.partition, convert_to(r.value, 'UTF8')
       from w, jsonb_to_recordset(x->'records') as r (digest text, case_id uuid, key text, partition integer, value text)`,
  queue: `
     insert into outbox_pending (digest, partition, organization_id)
     select r.digest, r.partition, $1
       from w, jsonb_to_recordset(x->'records') as r (digest text, partition integer)`,
  events: `
     insert into events_pending (id, organization_id, connection_id, subject_id, resource, sub_id, txn, type, events, at)
     select e.id, $1, e.connection_id, e.subject_id, e.resource, e.sub_id, e.txn, e.type, e.events, $3
       from w, jsonb_to_recordset(x->'events') as e (id uuid, connection_id uuid, subject_id uuid, resource text, sub_id jsonb,
                                                     txn text, type text, events jsonb)`,
} as const;
