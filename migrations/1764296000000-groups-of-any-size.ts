import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What is asked of whole groups, by set operations: they cost the same whatever PostgreSQL thinks of the sizes. A join of
 * tables that have just been filled may be planned for one row, and then compares everybody with everybody.
 */
export class GroupsOfAnySize1764296000000 implements MigrationInterface {
  readonly name = 'GroupsOfAnySize1764296000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- People of the connection without a place and without the hold that says so.
      create or replace function access_outsiders(p_org uuid, p_connection uuid) returns uuid[] language sql stable
      begin atomic
        select array(
          select r.user_id from resources r
           where r.organization_id = p_org and r.connection_id = p_connection and r.deleted_at is null
             and (select not g.holds ? ('group:' || p_connection::text) from subject_generations g
                   where g.organization_id = p_org and g.scope = 'user' and g.subject_id = r.user_id)
          except
          select k.user_id
            from (select m.user_id, (select o.deleted_at is null from resources o where o.id = m.resource_id) as is_living
                    from group_members m
                   where m.organization_id = p_org and m.user_id is not null
                     and m.group_id = any (array(select a.group_id from access_groups a where a.organization_id = p_org))) k
           where k.is_living
           order by 1);
      end;

      -- Whom a change of an access group reaches: who goes, who comes, and who is said to be in it and is held for not being.
      create or replace function group_people(p_org uuid, p_connection uuid, p_group uuid, p_change jsonb) returns uuid[]
      language plpgsql stable as $$
      declare
        v_add text[] := array(select jsonb_array_elements_text(p_change->'add'));
        v_gone text[] := array(select jsonb_array_elements_text(p_change->'remove'));
      begin
        perform from access_groups a where a.organization_id = p_org and a.group_id = p_group;
        if not found then return '{}'; end if;
        if (p_change->>'replaces')::boolean then
          v_gone := array(
            select m.value from group_members m where m.organization_id = p_org and m.group_id = p_group
            except
            select unnest(v_add));
        end if;
        return array(
          select k.user_id
            from (select (select m.user_id from group_members m
                           where m.organization_id = p_org and m.group_id = p_group and m.value = v.value) as user_id
                    from unnest(v_gone) as v (value)) k
           where k.user_id is not null
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
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
