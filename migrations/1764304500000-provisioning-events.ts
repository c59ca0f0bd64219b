import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What happened to SCIM resources, until it has been told on the events topic. */
export class ProvisioningEvents1764304500000 implements MigrationInterface {
  readonly name = 'ProvisioningEvents1764304500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Names of attributes, never values. A row leaves when the broker has acknowledged it; nothing refers to it, so that
      -- whoever writes one locks nothing more. \`seq\` is taken under the locks of the subject: its events stand in order.
      create table events_pending (
        seq bigint generated always as identity primary key,
        id uuid not null,
        organization_id uuid not null,
        connection_id uuid not null,
        subject_id uuid not null,
        resource text not null,
        txn text not null,
        type text not null,
        events jsonb not null,
        at timestamptz not null
      );

      -- Whose turn it is to tell them: one process at a time, so that they keep their order.
      create table events_turn (
        single boolean primary key default true check (single),
        holder uuid,
        held_until timestamptz not null default '-infinity'
      ) with (fillfactor = 50);
      insert into events_turn default values;

      grant select, insert, delete on events_pending to offswitch_service;
      grant select, update on events_turn to offswitch_service;
      grant select on events_pending to offswitch_auditor;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
