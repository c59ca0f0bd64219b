import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The first trip of a revocation: lock, and only then, in a later statement with a snapshot of its own, read. A
 * statement that waits for a lock reads with the snapshot and the clock from before it waited, and misses the
 * token that raced it. Lock order: organization, names, generation rows.
 */
export class Heart1763900000500 implements MigrationInterface {
  readonly name = 'Heart1763900000500';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create function organization_lock(p_org uuid) returns bigint language sql immutable
      return hashtextextended('org:' || p_org::text, 0);

      create function name_lock(p_org uuid, p_value text) returns bigint language sql immutable
      return hashtextextended('name:' || p_org::text || ':' || p_value, 0);

      -- One subject's generation row, locked. The advisory lock stands in line: whoever waits for it is next, while a row
      -- lock lets every further sharer pass the one who waits to have it alone. False when there is no such row.
      create function subject_lock(p_org uuid, p_scope text, p_id uuid) returns bigint language sql immutable
      return hashtextextended(p_scope || ':' || p_org::text || ':' || p_id::text, 0);

      create function lock_alone(p_org uuid, p_scope text, p_id uuid) returns boolean language plpgsql volatile as $$
      begin
        perform pg_advisory_xact_lock(subject_lock(p_org, p_scope, p_id));
        perform from subject_generations g
          where g.organization_id = p_org and g.scope = p_scope and g.subject_id = p_id for update;
        return found;
      end $$;

      create function lock_shared(p_org uuid, p_scope text, p_id uuid) returns boolean language plpgsql volatile as $$
      begin
        perform pg_advisory_xact_lock_shared(subject_lock(p_org, p_scope, p_id));
        perform from subject_generations g
          where g.organization_id = p_org and g.scope = p_scope and g.subject_id = p_id for share;
        return found;
      end $$;

      -- Everything that a plan needs to know of one person, in one object.
      create function person_state(p_org uuid, p_user uuid) returns jsonb language sql stable
      begin atomic
        select jsonb_build_object(
          'user', g.subject_id,
          'generation', g.generation,
          'holds', g.holds,
          'lifts', g.lifts,
          'tokens', (select count(*) from device_tokens t
                      where t.organization_id = p_org and t.user_id = p_user
                        and t.revoked_at is null and t.expires_at > clock_timestamp()),
          'devices', (select count(*) from (
                        select t.device_id from device_tokens t
                         where t.organization_id = p_org and t.user_id = p_user
                           and t.revoked_at is null and t.expires_at > clock_timestamp()
                        union
                        select a.device_id from assignments a
                         where a.organization_id = p_org and a.user_id = p_user and a.ended_at is null) d))
          from subject_generations g
         where g.organization_id = p_org and g.scope = 'user' and g.subject_id = p_user;
      end;

      create function resource_state(p_org uuid, p_connection uuid, p_resource uuid) returns jsonb language sql stable
      begin atomic
        select jsonb_build_object(
          'id', r.id, 'user', r.user_id, 'user_name', r.user_name, 'external_id', r.external_id,
          'emails', r.emails, 'active', r.active, 'attributes', r.attributes, 'version', r.version,
          'created_at', r.created_at, 'changed_at', r.changed_at)
          from resources r
         where r.organization_id = p_org and r.connection_id = p_connection and r.id = p_resource
           and r.deleted_at is null;
      end;

      -- Signals of this organization that wait for one of these names, oldest first.
      create function waiting_for(p_org uuid, p_names jsonb) returns jsonb language sql stable
      begin atomic
        select coalesce(jsonb_agg(jsonb_build_object(
                 'id', s.id, 'connection', s.connection_id, 'case', s.case_id, 'effect', s.effect,
                 'class', s.signal_class, 'occurred_at', s.occurred_at)
                 order by s.occurred_at, s.id), '[]'::jsonb)
          from signal_inbox s
         where s.organization_id = p_org
           and s.id in (select w.signal_id
                          from waiting_signals w
                          join jsonb_to_recordset(p_names) as n (kind text, value text)
                            on w.value = n.value
                           and (w.kind = n.kind or (w.kind = 'idp_user_id' and n.kind = 'external_id'))
                         where w.organization_id = p_org);
      end;

      create function lock_names(p_org uuid, p_names jsonb) returns void language plpgsql volatile as $$
      begin
        perform pg_advisory_xact_lock(k.key)
           from (select distinct name_lock(p_org, n.value) as key
                   from jsonb_to_recordset(p_names) as n (value text) order by 1) k;
      end $$;

      -- A person's resource: locks the person, then reads. Null when the connection has no such living resource.
      create function lock_resource(p_org uuid, p_connection uuid, p_resource uuid) returns jsonb
      language plpgsql volatile as $$
      declare v_user uuid; v_before jsonb;
      begin
        perform pg_advisory_xact_lock_shared(organization_lock(p_org));
        -- Which person a resource speaks of never changes.
        select r.user_id into v_user from resources r
         where r.organization_id = p_org and r.connection_id = p_connection and r.id = p_resource;
        if not found then return null; end if;
        perform lock_alone(p_org, 'user', v_user);
        select jsonb_build_object('at', clock_timestamp(), 'person', person_state(p_org, v_user),
                                  'resource', resource_state(p_org, p_connection, p_resource))
          into v_before;
        if v_before->'resource' = 'null'::jsonb then return null; end if;
        return v_before;
      end $$;

      -- New names of a person: locks them, so that a signal about one of them either is seen here or sees them.
      create function lock_new_names(p_org uuid, p_connection uuid, p_resource uuid, p_user_name text, p_names jsonb)
      returns jsonb language plpgsql volatile as $$
      begin
        perform lock_names(p_org, p_names);
        return (select jsonb_build_object(
          'waiting', waiting_for(p_org, p_names),
          'taken', exists (select from resources r
                            where r.organization_id = p_org and r.connection_id = p_connection
                              and r.user_name_key = p_user_name and r.deleted_at is null
                              and r.id is distinct from p_resource)));
      end $$;

      -- A new resource: locks its names, finds whom it speaks of, locks that person, then reads.
      create function lock_creation(p_org uuid, p_connection uuid, p_user_name text, p_names jsonb) returns jsonb
      language plpgsql volatile as $$
      declare v_user uuid;
      begin
        perform pg_advisory_xact_lock_shared(organization_lock(p_org));
        perform lock_names(p_org, p_names);
        -- The connection's own tombstone comes first, whatever \`link\` says; then the one person of that name.
        select r.user_id into v_user from resources r
         where r.organization_id = p_org and r.connection_id = p_connection
           and r.user_name_key = p_user_name and r.deleted_at is not null
         order by r.deleted_at desc limit 1;
        if not found then
          select min(r.user_id::text)::uuid into v_user from resources r
            join connections c on c.organization_id = p_org and c.id = p_connection and c.link = 'user-name'
           where r.organization_id = p_org and r.user_name_key = p_user_name and r.connection_id <> p_connection
          having count(distinct r.user_id) = 1;
        end if;
        if v_user is not null then
          perform lock_alone(p_org, 'user', v_user);
        end if;
        return (select jsonb_build_object(
          'at', clock_timestamp(),
          'person', case when v_user is not null then person_state(p_org, v_user) end,
          'waiting', waiting_for(p_org, p_names),
          'taken', exists (select from resources r
                            where r.organization_id = p_org and r.connection_id = p_connection
                              and r.user_name_key = p_user_name and r.deleted_at is null)));
      end $$;

      -- Whom a signal means: in its own connection, then in the one it takes its identities from, else in the
      -- organization; there by the strongest kind of name that anybody bears. More than one person is no answer.
      create function resolve_signal(p_org uuid, p_connection uuid, p_names jsonb) returns uuid[]
      language plpgsql stable as $$
      declare v_users uuid[];
      begin
        select array_agg(u.id) into v_users
          from jsonb_to_recordset(p_names) as n (kind text, value text)
          join users u on u.organization_id = p_org
                      and u.id = case when n.kind = 'user_id' then n.value::uuid end;
        if v_users is not null then return v_users; end if;
        with found as (
          select i.user_id,
                 (i.ended_at is not null) as ended,
                 case when i.connection_id = p_connection then 1
                      when i.connection_id = c.identities_from then 2 else 3 end as place,
                 case n.kind when 'scim_id' then 1 when 'idp_user_id' then 2 when 'iss_sub' then 2
                             when 'external_id' then 3 else 4 end as strength
            from jsonb_to_recordset(p_names) as n (kind text, value text)
            join identities i on i.organization_id = p_org and i.value = n.value
             and (i.kind = n.kind or (n.kind = 'idp_user_id' and i.kind = 'external_id'))
            join connections c on c.organization_id = p_org and c.id = p_connection)
        select array_agg(distinct f.user_id) into v_users
          from found f
         where (f.ended, f.place, f.strength) = (select b.ended, b.place, b.strength from found b
                                                  order by b.ended, b.place, b.strength limit 1);
        return coalesce(v_users, '{}');
      end $$;

      -- A signal: claims it, so that a repeat waits for the first and then gets its answer; locks its names, finds
      -- whom it means, locks that person, then reads.
      create function lock_signal(p_signal jsonb) returns jsonb language plpgsql volatile as $$
      declare
        v_org uuid := p_signal->>'organization';
        v_connection uuid := p_signal->>'connection';
        v_names jsonb := p_signal->'subject';
        v_users uuid[];
      begin
        perform pg_advisory_xact_lock_shared(organization_lock(v_org));
        insert into signal_inbox (id, organization_id, connection_id, dedupe_key, event_type, occurred_at, received_at,
                                  effect, signal_class, subject, outcome)
        values ((p_signal->>'id')::uuid, v_org, v_connection, p_signal->>'dedupe_key', p_signal->>'event_type',
                (p_signal->>'occurred_at')::timestamptz, (p_signal->>'received_at')::timestamptz,
                p_signal->>'effect', p_signal->>'class', v_names, 'irrelevant')
        on conflict (connection_id, dedupe_key) do nothing;
        if not found then
          return (select jsonb_build_object('first', jsonb_build_object(
                    'kind', s.outcome, 'signal', s.id, 'case', s.case_id))
                    from signal_inbox s
                   where s.connection_id = v_connection and s.dedupe_key = p_signal->>'dedupe_key');
        end if;
        if p_signal->>'effect' = 'none' then
          return jsonb_build_object('at', clock_timestamp(), 'users', '[]'::jsonb, 'person', null);
        end if;
        perform lock_names(v_org, v_names);
        v_users := resolve_signal(v_org, v_connection, v_names);
        if cardinality(v_users) = 1 then
          perform lock_alone(v_org, 'user', v_users[1]);
        end if;
        return (select jsonb_build_object('at', clock_timestamp(), 'users', to_jsonb(v_users),
                  'person', case when cardinality(v_users) = 1 then person_state(v_org, v_users[1]) end));
      end $$;

      -- An operator's subject. An organization's own revocation holds its lock exclusively: nothing is issued meanwhile.
      create function lock_subject(p_org uuid, p_scope text, p_id uuid) returns jsonb language plpgsql volatile as $$
      begin
        if p_scope = 'org' then
          perform pg_advisory_xact_lock(organization_lock(p_org));
        else
          perform pg_advisory_xact_lock_shared(organization_lock(p_org));
        end if;
        if not lock_alone(p_org, p_scope, p_id) then return null; end if;
        return (select jsonb_build_object(
            'at', clock_timestamp(), 'generation', g.generation, 'holds', g.holds, 'lifts', g.lifts,
            'user', case p_scope when 'user' then p_id
                                 when 'family' then (select t.user_id from device_tokens t
                                                      where t.organization_id = p_org and t.id = p_id) end,
            'tokens', c.tokens, 'devices', c.devices)
          from subject_generations g,
               (select count(*) as tokens, count(distinct t.device_id) as devices from device_tokens t
                 where t.organization_id = p_org and t.revoked_at is null and t.expires_at > clock_timestamp()
                   and case p_scope when 'org' then true when 'user' then t.user_id = p_id
                                    when 'device' then t.device_id = p_id else t.id = p_id end) c
         where g.organization_id = p_org and g.scope = p_scope and g.subject_id = p_id);
      end $$;

      -- All that came through one API key: its families, each by id. The organization is locked alone: an issue that
      -- has found the key live is either done, or finds it ended.
      create function lock_api_key(p_org uuid, p_key uuid) returns jsonb language plpgsql volatile as $$
      begin
        perform pg_advisory_xact_lock(organization_lock(p_org));
        perform from api_keys k where k.organization_id = p_org and k.id = p_key;
        if not found then return null; end if;
        update api_keys k set revoked_at = coalesce(k.revoked_at, clock_timestamp())
         where k.organization_id = p_org and k.id = p_key;
        perform from subject_generations g
          where g.organization_id = p_org and g.scope = 'family'
            and g.subject_id in (select t.id from device_tokens t
                                  where t.organization_id = p_org and t.api_key_id = p_key and t.revoked_at is null)
          order by g.subject_id for update;
        return (select jsonb_build_object('at', clock_timestamp(),
            'families', coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'device', t.device_id,
                                                              'generation', g.generation, 'holds', g.holds)
                                           order by t.id), '[]'::jsonb))
          from device_tokens t
          join subject_generations g on g.organization_id = p_org and g.scope = 'family' and g.subject_id = t.id
         where t.organization_id = p_org and t.api_key_id = p_key and t.revoked_at is null
           and t.expires_at > clock_timestamp());
      end $$;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
