import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What an installation may learn later: more partitions, another server under it, a new epoch. */
export class InstallationMoves1764250000000 implements MigrationInterface {
  readonly name = 'InstallationMoves1764250000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- The server that this database ran on when the service last looked, and whether a standby had promised to keep
      -- everything that was acknowledged.
      alter table installation
        add column system_identifier text,
        add column timeline bigint,
        add column is_synchronous boolean not null default false;

      -- After a recovery each organization's IdPs must say again who is still there.
      create table roster_demands (
        organization_id uuid not null references organizations,
        epoch bigint not null,
        demanded_at timestamptz not null,
        reconciled_at timestamptz,
        primary key (organization_id, epoch)
      );

      grant update (partitions, epoch, system_identifier, timeline, is_synchronous) on installation to offswitch_service;
      grant select, insert, update (reconciled_at) on roster_demands to offswitch_service;
      grant select on roster_demands to offswitch_auditor;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
