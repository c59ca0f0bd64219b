import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whom a group's id stood for, because it was their external id, has no place by it. */
export class AGroupsIdGivesNoPlace1764319100000 implements MigrationInterface {
  readonly name = 'AGroupsIdGivesNoPlace1764319100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Written before a group's id meant that group only: nothing else would look at them again.
      update group_members m set resource_id = null, user_id = null
        from groups o
       where o.organization_id = m.organization_id and o.id = m.group_id
         and m.resource_id is not null and m.value <> m.resource_id::text
         and is_group_id(m.organization_id, o.connection_id, m.value);
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
