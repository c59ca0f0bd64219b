import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rosters of IdPs, compared with whom they have told us of: who still has access and should not. */
export class Reconciliations1764283700000 implements MigrationInterface {
  readonly name = 'Reconciliations1764283700000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Half a SHA-256 of each name, for as long as a comparison runs. A server that crashes empties it, and whoever
      -- compares counts the names afterwards.
      create unlogged table roster_names (
        organization_id uuid not null,
        roster_id uuid not null,
        name bytea not null,
        primary key (roster_id, name)
      );

      create table reconciliations (
        id uuid primary key,
        organization_id uuid not null,
        connection_id uuid not null,
        created_at timestamptz not null,
        roster_rows bigint not null,
        roster_present bigint not null,
        roster_unreadable bigint not null,
        roster_digest text not null,
        people bigint not null,
        missing bigint not null,
        with_live_tokens bigint not null,
        -- Null until the last of them has been revoked.
        applied_at timestamptz,
        foreign key (organization_id, connection_id) references connections (organization_id, id)
      );
      create index reconciliations_of_connection on reconciliations (organization_id, connection_id, id);

      -- Who is not on the roster and holds live tokens; the case, once they have been revoked for it.
      create table reconciliation_findings (
        organization_id uuid not null,
        reconciliation_id uuid not null,
        user_id uuid not null,
        is_active boolean not null,
        live_tokens integer not null,
        case_id uuid,
        primary key (reconciliation_id, user_id),
        foreign key (organization_id, user_id) references users (organization_id, id)
      );

      grant select, insert, delete on roster_names to offswitch_service;
      grant select, insert on reconciliations, reconciliation_findings to offswitch_service;
      grant update (applied_at) on reconciliations to offswitch_service;
      grant update (case_id) on reconciliation_findings to offswitch_service;
      grant select on reconciliations, reconciliation_findings to offswitch_auditor;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
