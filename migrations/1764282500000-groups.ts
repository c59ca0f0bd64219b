import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Groups as each SCIM connection has them, and who is in them. */
export class Groups1764282500000 implements MigrationInterface {
  readonly name = 'Groups1764282500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Never deleted: a tombstone stays. \`display_name_key\` is the name in lower case, made by the service (ADR 1).
      create table groups (
        id uuid primary key,
        organization_id uuid not null,
        connection_id uuid not null,
        display_name text not null,
        display_name_key text not null,
        external_id text,
        version bigint not null default 1,
        created_at timestamptz not null,
        changed_at timestamptz not null,
        deleted_at timestamptz,
        unique (organization_id, id),
        foreign key (organization_id, connection_id) references connections (organization_id, id)
      ) with (fillfactor = 80);
      create index groups_in_order on groups (organization_id, connection_id, created_at, id) where deleted_at is null;
      create index groups_display_name on groups (organization_id, connection_id, display_name_key)
        where deleted_at is null;
      create index groups_external_id on groups (organization_id, connection_id, external_id) where deleted_at is null;

      -- \`value\` is what the IdP says. Whom it means is known when a living resource of the connection has it as its id,
      -- or is the only one that has it as its external id; until then the member waits for that resource.
      create table group_members (
        organization_id uuid not null,
        group_id uuid not null,
        value text not null,
        resource_id uuid references resources,
        user_id uuid,
        added_at timestamptz not null,
        primary key (organization_id, group_id, value),
        check ((resource_id is null) = (user_id is null)),
        foreign key (organization_id, group_id) references groups (organization_id, id),
        foreign key (organization_id, user_id) references users (organization_id, id)
      );
      create index group_members_of_value on group_members (organization_id, value);
      create index group_members_of_user on group_members (organization_id, user_id) where user_id is not null;

      grant select, insert on groups, group_members to offswitch_service;
      grant update (display_name, display_name_key, external_id, version, changed_at, deleted_at) on groups to offswitch_service;
      grant update (resource_id, user_id) on group_members to offswitch_service;
      grant delete on group_members to offswitch_service;
      grant select on groups, group_members to offswitch_auditor;

      -- Whom member values mean, a row for each value.
      create function members_meant(p_org uuid, p_connection uuid, p_values text[])
      returns table (value text, resource_id uuid, user_id uuid) language sql stable
      begin atomic
        select v.value, coalesce(a.id, b.id), coalesce(a.user_id, b.user_id)
          from unnest(p_values) as v (value)
          left join resources a
            on a.organization_id = p_org and a.connection_id = p_connection and a.deleted_at is null
           and a.id = case when v.value ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then v.value::uuid end
          left join lateral (
            select min(r.id::text)::uuid as id, min(r.user_id::text)::uuid as user_id from resources r
             where a.id is null and r.organization_id = p_org and r.connection_id = p_connection
               and r.external_id = v.value and r.deleted_at is null
            having count(*) = 1) b on true;
      end;

      -- How many people a change of members may reach, and how many of its values name nobody yet. Of a group that is
      -- not there yet, or is not there any more, only the latter.
      create function group_reach(p_org uuid, p_connection uuid, p_group uuid, p_change jsonb) returns bigint
      language sql stable
      begin atomic
        select count(*) from members_meant(p_org, p_connection,
                 array(select jsonb_array_elements_text(p_change->'add'))) m where m.resource_id is null;
      end;

      -- A group, locked, and the names of those whom it waits for: a resource that appears meanwhile either is seen here or
      -- sees them. Lock order: organization, names, group. With p_alone the organization is locked alone instead of
      -- more names than the lock table has room for. p_group is null for a group to be.
      create function lock_group(p_org uuid, p_connection uuid, p_group uuid, p_alone boolean, p_change jsonb)
      returns jsonb language plpgsql volatile as $$
      declare v_group jsonb;
      begin
        if p_alone then
          perform pg_advisory_xact_lock(organization_lock(p_org));
        else
          perform pg_advisory_xact_lock_shared(organization_lock(p_org));
          perform pg_advisory_xact_lock(k.key)
             from (select distinct name_lock(p_org, m.value) as key
                     from members_meant(p_org, p_connection,
                            array(select jsonb_array_elements_text(p_change->'add'))) m
                    where m.resource_id is null order by 1) k;
        end if;
        if p_group is not null then
          perform from groups g where g.organization_id = p_org and g.connection_id = p_connection and g.id = p_group
            and g.deleted_at is null for update;
          if not found then return null; end if;
          select jsonb_build_object(
              'id', g.id, 'display_name', g.display_name, 'external_id', g.external_id, 'version', g.version,
              'created_at', g.created_at, 'changed_at', g.changed_at)
            into v_group from groups g where g.organization_id = p_org and g.id = p_group;
        end if;
        return jsonb_build_object('at', clock_timestamp(), 'group', v_group);
      end $$;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
