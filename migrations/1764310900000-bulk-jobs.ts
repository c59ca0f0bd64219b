import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Bulk requests that are carried out after they have been answered. */
export class BulkJobs1764310900000 implements MigrationInterface {
  readonly name = 'BulkJobs1764310900000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- \`request\` and \`result\` hold people: both are sealed by the service, and the request goes when the result is there.
      create table bulk_jobs (
        organization_id uuid not null,
        connection_id uuid not null,
        id uuid not null,
        interop text not null,
        received_at timestamptz not null,
        created_at timestamptz not null default clock_timestamp(),
        request bytea,
        result bytea,
        finished_at timestamptz,
        holder uuid,
        -- Nobody else takes it before; also the pause after trouble.
        held_until timestamptz not null default '-infinity',
        tries integer not null default 0,
        primary key (organization_id, id),
        foreign key (organization_id, connection_id) references connections (organization_id, id),
        check ((finished_at is null) = (request is not null)),
        check ((finished_at is null) = (result is null))
      ) with (fillfactor = 70);
      create index bulk_jobs_open on bulk_jobs (created_at) where finished_at is null;
      create index bulk_jobs_of_connection on bulk_jobs (organization_id, connection_id) where finished_at is null;
      create index bulk_jobs_finished on bulk_jobs (finished_at) where finished_at is not null;

      -- What became of an operation, written with the change itself: a second run finds it and does nothing.
      create table bulk_job_steps (
        organization_id uuid not null,
        job_id uuid not null,
        operation integer not null,
        step text not null check (step in ('whole', 'completion')),
        done jsonb not null,
        primary key (organization_id, job_id, operation, step),
        foreign key (organization_id, job_id) references bulk_jobs on delete cascade
      );

      grant select, insert, delete on bulk_jobs, bulk_job_steps to offswitch_service;
      grant update (request, result, finished_at, holder, held_until, tries) on bulk_jobs to offswitch_service;
      grant select (organization_id, connection_id, id, received_at, created_at, finished_at, tries) on bulk_jobs
        to offswitch_auditor;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
