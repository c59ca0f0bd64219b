import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The queue of events also takes what is said of no SCIM resource: that somebody's access has ended. */
export class WhatEndsAccessIsTold1764317400000 implements MigrationInterface {
  readonly name = 'WhatEndsAccessIsTold1764317400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- An operator asks over no connection; whom an event is about who is no resource stands in \`sub_id\` (RFC 9493).
      alter table events_pending alter column connection_id drop not null, add column sub_id jsonb;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
