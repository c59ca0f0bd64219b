import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the feed over HTTP needs: which transaction brought a record, and the newest records at hand. */
export class Feed1764252310000 implements MigrationInterface {
  readonly name = 'Feed1764252310000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Ids of transactions tell what a snapshot of the database contains, whatever the order of commits.
      alter table outbox add column xid xid8 not null default pg_current_xact_id();
      create index outbox_by_transaction on outbox (xid);
      create index outbox_by_time on outbox (created_at);
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
