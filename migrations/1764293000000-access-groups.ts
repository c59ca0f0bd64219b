import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An organization says from which groups access comes: who leaves the last of them is gone. */
export class AccessGroups1764293000000 implements MigrationInterface {
  readonly name = 'AccessGroups1764293000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Who has a resource on the connection of one of these needs a place in any of them. A row outlives its group: that
      -- the group was deleted gives nobody access.
      create table access_groups (
        organization_id uuid not null references organizations,
        connection_id uuid not null,
        group_id uuid not null,
        added_at timestamptz not null,
        primary key (organization_id, group_id),
        foreign key (organization_id, group_id) references groups (organization_id, id),
        foreign key (organization_id, connection_id) references connections (organization_id, id)
      );
      create index access_groups_of_connection on access_groups (organization_id, connection_id);

      grant select, insert, delete on access_groups to offswitch_service;
      grant select on access_groups to offswitch_auditor;

      -- Whether somebody is in an access group at all, and in one of this connection.
      create function access_place(p_org uuid, p_connection uuid, p_user uuid) returns jsonb language sql stable
      begin atomic
        -- From the person on, whatever PostgreSQL thinks of the sizes of groups.
        with mine as materialized (
          select m.group_id, m.resource_id from group_members m where m.organization_id = p_org and m.user_id = p_user)
        select jsonb_build_object('placed', count(*) > 0, 'here', coalesce(bool_or(a.connection_id = p_connection), false))
          from mine m
          join access_groups a on a.organization_id = p_org and a.group_id = m.group_id
          join resources r on r.id = m.resource_id and r.deleted_at is null;
      end;

      -- Of these values, those that the group does not have, or has without knowing whom they mean. Each is looked up by
      -- itself: a join would read the whole group where PostgreSQL takes it for a small one.
      create function members_new(p_org uuid, p_group uuid, p_values text[]) returns text[] language sql stable
      begin atomic
        select array(
          select v.value from unnest(p_values) as v (value)
           where (select m.resource_id from group_members m
                   where m.organization_id = p_org and m.group_id = p_group and m.value = v.value) is null);
      end;

      -- Whether an access group of the connection waits for somebody with one of these names, and for nobody else.
      create function access_waits(p_org uuid, p_connection uuid, p_names jsonb) returns boolean language sql stable
      begin atomic
        select exists (
          select from jsonb_to_recordset(p_names) as n (kind text, value text)
            join group_members m on m.organization_id = p_org and m.value = n.value and m.resource_id is null
            join access_groups a on a.organization_id = p_org and a.group_id = m.group_id and a.connection_id = p_connection
           where n.kind = 'external_id'
             and not exists (select from resources r
                              where r.organization_id = p_org and r.connection_id = p_connection
                                and r.external_id = n.value and r.deleted_at is null));
      end;

      -- Null where access does not come from groups of this connection.
      create function access_at_creation(p_org uuid, p_connection uuid, p_user uuid, p_names jsonb) returns jsonb
      language sql stable
      begin atomic
        select case when exists (select from access_groups a
                                  where a.organization_id = p_org and a.connection_id = p_connection)
               then (select jsonb_build_object('placed', w.waits or (p.place->>'placed')::boolean,
                                               'here', w.waits or (p.place->>'here')::boolean)
                       from (select access_waits(p_org, p_connection, p_names) as waits) w,
                            (select access_place(p_org, p_connection, p_user) as place) p) end;
      end;

      -- People of the connection without a place and without the hold that says so.
      create function access_outsiders(p_org uuid, p_connection uuid) returns uuid[] language sql stable
      begin atomic
        select array(
          select distinct r.user_id from resources r
            join subject_generations g on g.organization_id = p_org and g.scope = 'user' and g.subject_id = r.user_id
           where r.organization_id = p_org and r.connection_id = p_connection and r.deleted_at is null
             and not g.holds ? ('group:' || p_connection::text)
             and not exists (select from group_members m
                               join access_groups a on a.organization_id = p_org and a.group_id = m.group_id
                               join resources o on o.id = m.resource_id and o.deleted_at is null
                              where m.organization_id = p_org and m.user_id = r.user_id)
           order by 1);
      end;

      -- Whom a change of an access group reaches: who goes, who comes, and who is said to be in it and is held for not being.
      create function group_people(p_org uuid, p_connection uuid, p_group uuid, p_change jsonb) returns uuid[]
      language plpgsql stable as $$
      declare
        v_add text[] := array(select jsonb_array_elements_text(p_change->'add'));
        v_remove text[] := array(select jsonb_array_elements_text(p_change->'remove'));
        v_gone uuid[];
      begin
        perform from access_groups a where a.organization_id = p_org and a.group_id = p_group;
        if not found then return '{}'; end if;
        if (p_change->>'replaces')::boolean then
          v_gone := array(
            select m.user_id from group_members m
             where m.organization_id = p_org and m.group_id = p_group and m.user_id is not null
               and not exists (select from unnest(v_add) as stay (value) where stay.value = m.value));
        else
          v_gone := array(
            select m.user_id from group_members m
             where m.organization_id = p_org and m.group_id = p_group and m.user_id is not null and m.value = any (v_remove));
        end if;
        return array(
          select unnest(v_gone)
           union
          select n.user_id from members_meant(p_org, p_connection, members_new(p_org, p_group, v_add)) n
           where n.user_id is not null
           union
          select k.user_id
            from (select (select m.user_id from group_members m
                           where m.organization_id = p_org and m.group_id = p_group and m.value = v.value) as user_id
                    from unnest(v_add) as v (value)) k
           where (select g.holds ? ('group:' || p_connection::text) from subject_generations g
                   where g.organization_id = p_org and g.scope = 'user' and g.subject_id = k.user_id)
           order by 1);
      end $$;

      -- The names of those whom the group begins or ceases to wait for.
      create function group_waits(p_org uuid, p_connection uuid, p_group uuid, p_change jsonb) returns text[]
      language plpgsql stable as $$
      declare
        v_add text[] := array(select jsonb_array_elements_text(p_change->'add'));
        v_remove text[] := array(select jsonb_array_elements_text(p_change->'remove'));
        v_replaces boolean := (p_change->>'replaces')::boolean;
      begin
        return array(
          select n.value from members_meant(p_org, p_connection, members_new(p_org, p_group, v_add)) n
           where n.resource_id is null
           union
          select m.value from group_members m
           where m.organization_id = p_org and m.group_id = p_group and m.resource_id is null
             and m.value = any (v_remove)
           union
          select m.value from group_members m
           where v_replaces and m.organization_id = p_org and m.group_id = p_group and m.resource_id is null);
      end $$;

      create or replace function group_reach(p_org uuid, p_connection uuid, p_group uuid, p_change jsonb) returns bigint
      language sql stable
      begin atomic
        select greatest(cardinality(group_people(p_org, p_connection, p_group, p_change)),
                        cardinality(group_waits(p_org, p_connection, p_group, p_change)));
      end;

      -- A group, locked; the names of those whom it waits for, so that a resource that appears meanwhile either is seen here
      -- or sees them; and, of an access group, the people whom the change reaches. Lock order: organization, names, group,
      -- generation rows of users. With p_alone the organization is locked alone instead of more names and people than the
      -- lock table has room for; whoever turns out to be too many without it has to look again. p_group is null for a group to be.
      create or replace function lock_group(p_org uuid, p_connection uuid, p_group uuid, p_alone boolean, p_change jsonb)
      returns jsonb language plpgsql volatile as $$
      declare v_group jsonb; v_names text[]; v_people uuid[] := '{}';
      begin
        if p_alone then
          perform pg_advisory_xact_lock(organization_lock(p_org));
        else
          perform pg_advisory_xact_lock_shared(organization_lock(p_org));
          v_names := group_waits(p_org, p_connection, p_group, p_change);
          if cardinality(v_names) > 1000 then
            raise exception 'a group waits for more than were seen' using errcode = 'serialization_failure';
          end if;
          perform pg_advisory_xact_lock(k.key)
             from (select distinct name_lock(p_org, n.value) as key from unnest(v_names) as n (value) order by 1) k;
        end if;
        if p_group is not null then
          perform from groups g where g.organization_id = p_org and g.connection_id = p_connection and g.id = p_group
            and g.deleted_at is null for update;
          if not found then return null; end if;
          select jsonb_build_object(
              'id', g.id, 'display_name', g.display_name, 'external_id', g.external_id, 'version', g.version,
              'created_at', g.created_at, 'changed_at', g.changed_at)
            into v_group from groups g where g.organization_id = p_org and g.id = p_group;
          v_people := group_people(p_org, p_connection, p_group, p_change);
          if p_alone then
            perform from subject_generations g
              where g.organization_id = p_org and g.scope = 'user' and g.subject_id = any (v_people)
              order by g.subject_id for update;
          elsif cardinality(v_people) > 1000 then
            raise exception 'a group has more people than were seen' using errcode = 'serialization_failure';
          else
            perform lock_alone(p_org, 'user', u.id) from unnest(v_people) as u (id);
          end if;
        end if;
        return jsonb_build_object('at', clock_timestamp(), 'group', v_group, 'people', v_people,
          'gives_access', exists (select from access_groups a where a.organization_id = p_org and a.group_id = p_group));
      end $$;

      -- Where people stand, in the order asked. Their rows are locked.
      create function people_state(p_org uuid, p_connection uuid, p_people uuid[]) returns jsonb language sql stable
      begin atomic
        select coalesce(jsonb_agg(access_place(p_org, p_connection, u.id)
                                  || jsonb_build_object('person', person_state(p_org, u.id)) order by u.place), '[]'::jsonb)
          from unnest(p_people) with ordinality as u (id, place);
      end;

      -- Before the access groups of an organization change: nobody comes or goes meanwhile. Null without such a group; one
      -- that was deleted may still be an access group.
      create function lock_access_group(p_org uuid, p_group uuid) returns jsonb language plpgsql volatile as $$
      begin
        perform pg_advisory_xact_lock(organization_lock(p_org));
        return (select jsonb_build_object('at', clock_timestamp(), 'connection', g.connection_id,
                                          'is_living', g.deleted_at is null)
                  from groups g where g.organization_id = p_org and g.id = p_group);
      end $$;

      -- People without a place, locked: the organization is ours alone, and row locks take no room in the lock table.
      create function lock_outsiders(p_org uuid, p_connection uuid) returns uuid[] language plpgsql volatile as $$
      declare v_people uuid[];
      begin
        v_people := access_outsiders(p_org, p_connection);
        perform from subject_generations g
          where g.organization_id = p_org and g.scope = 'user' and g.subject_id = any (v_people)
          order by g.subject_id for update;
        return v_people;
      end $$;

      create or replace function lock_new_names(p_org uuid, p_connection uuid, p_resource uuid, p_user_name text, p_names jsonb)
      returns jsonb language plpgsql volatile as $$
      begin
        perform lock_names(p_org, p_names);
        return (select jsonb_build_object(
          'waiting', waiting_for(p_org, p_names),
          'foreign', foreign_names_of(p_org, p_connection, p_names),
          'here', access_waits(p_org, p_connection, p_names),
          'taken', exists (select from resources r
                            where r.organization_id = p_org and r.connection_id = p_connection
                              and r.user_name_key = p_user_name and r.deleted_at is null
                              and r.id is distinct from p_resource)));
      end $$;

      create or replace function lock_creation(p_org uuid, p_connection uuid, p_user_name text, p_names jsonb)
      returns jsonb language plpgsql volatile as $$
      declare v_user uuid; v_owned jsonb;
      begin
        perform pg_advisory_xact_lock_shared(organization_lock(p_org));
        perform lock_names(p_org, p_names);
        v_owned := lock_name_owner(p_org, p_connection, p_user_name);
        if v_owned is not null then
          return v_owned || jsonb_build_object('taken', true, 'waiting', '[]'::jsonb, 'foreign', '[]'::jsonb);
        end if;
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
          'foreign', foreign_names_of(p_org, p_connection, p_names),
          'access', access_at_creation(p_org, p_connection, v_user, p_names),
          'taken', false));
      end $$;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
