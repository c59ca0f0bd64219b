import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A member is looked up by its id alone, whatever PostgreSQL thinks of the sizes of connections. */
export class MembersByTheirIds1764299500000 implements MigrationInterface {
  readonly name = 'MembersByTheirIds1764299500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Whom member values mean, a row for each value. \`offset 0\` keeps the other conditions out of the look-up: on a table
      -- that has just been filled, an index of the whole connection seems as good as the key.
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
            having count(*) = 1) b on true;
      end;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
