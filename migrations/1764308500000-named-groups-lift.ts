import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whom a group that access begins to come from gives a place, though they are held for having had none. */
export class NamedGroupsLift1764308500000 implements MigrationInterface {
  readonly name = 'NamedGroupsLift1764308500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Members who are held by the connection's groups, locked: the organization is ours alone.
      create function lock_members_held(p_org uuid, p_connection uuid, p_group uuid) returns uuid[]
      language plpgsql volatile as $$
      declare v_people uuid[];
      begin
        v_people := array(
          select distinct m.user_id from group_members m
           where m.organization_id = p_org and m.group_id = p_group and m.user_id is not null
             and (select g.holds ? ('group:' || p_connection::text) from subject_generations g
                   where g.organization_id = p_org and g.scope = 'user' and g.subject_id = m.user_id)
           order by 1);
        perform from subject_generations g
          where g.organization_id = p_org and g.scope = 'user' and g.subject_id = any (v_people)
          order by g.subject_id for update;
        return v_people;
      end $$;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
