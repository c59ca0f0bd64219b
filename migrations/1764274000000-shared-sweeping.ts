import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Several sweepers share what was left behind: each takes some for a while, from every organization in turn. */
export class SharedSweeping1764274000000 implements MigrationInterface {
  readonly name = 'SharedSweeping1764274000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Null: a signing key of the installation, or a row from before this column.
      alter table outbox_pending add column organization_id uuid;
      alter table outbox_pending add column swept_at timestamptz;
      grant update (swept_at) on outbox_pending to offswitch_service;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
