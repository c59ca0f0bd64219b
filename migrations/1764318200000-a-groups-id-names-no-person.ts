import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The id of a group means that group, also where somebody has it as their external id. */
export class AGroupsIdNamesNoPerson1764318200000 implements MigrationInterface {
  readonly name = 'AGroupsIdNamesNoPerson1764318200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Whether a member value is the id of a group of the connection, deleted or not: ids are made here, and name one thing
      -- for ever. By the primary key, since a person's external id is looked at, too.
      create function is_group_id(p_org uuid, p_connection uuid, p_value text) returns boolean language sql stable
      begin atomic
        select exists (
          select from (
            select g.organization_id, g.connection_id from groups g
             where g.id = case when p_value ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then p_value::uuid end
            offset 0) g
           where g.organization_id = p_org and g.connection_id = p_connection);
      end;

      create or replace function members_meant(p_org uuid, p_connection uuid, p_values text[])
      returns table (value text, resource_id uuid, user_id uuid) language sql stable
      begin atomic
        select v.value, coalesce(a.id, b.id), coalesce(a.user_id, b.user_id)
          from unnest(p_values) as v (value)
          left join lateral (
            select r.id, r.user_id, r.organization_id, r.connection_id, r.deleted_at from resources r
             where r.id = case when v.value ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then v.value::uuid end
            offset 0) a
            on a.organization_id = p_org and a.connection_id = p_connection and a.deleted_at is null
          left join lateral (
            select min(r.id::text)::uuid as id, min(r.user_id::text)::uuid as user_id from resources r
             where a.id is null and r.organization_id = p_org and r.connection_id = p_connection
               and r.external_id = v.value and r.deleted_at is null
            having count(*) = 1 and not is_group_id(p_org, p_connection, v.value)) b on true;
      end;

      create or replace function access_waits(p_org uuid, p_connection uuid, p_names jsonb) returns boolean language sql stable
      begin atomic
        select exists (
          select from jsonb_to_recordset(p_names) as n (kind text, value text)
            join group_members m on m.organization_id = p_org and m.value = n.value and m.resource_id is null
            join access_groups a on a.organization_id = p_org and a.group_id = m.group_id and a.connection_id = p_connection
           where n.kind = 'external_id'
             and not is_group_id(p_org, p_connection, n.value)
             and not exists (select from resources r
                              where r.organization_id = p_org and r.connection_id = p_connection
                                and r.external_id = n.value and r.deleted_at is null));
      end;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
