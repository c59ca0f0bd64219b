import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When a job was begun last: organizations take turns by it. */
export class BulkJobsInTurn1764315500000 implements MigrationInterface {
  readonly name = 'BulkJobsInTurn1764315500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table bulk_jobs add column taken_at timestamptz;
      create index bulk_jobs_taken on bulk_jobs (organization_id, taken_at);
      grant update (taken_at) on bulk_jobs to offswitch_service;
      grant select (taken_at) on bulk_jobs to offswitch_auditor;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
