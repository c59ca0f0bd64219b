import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What has been answered long ago is forgotten: the service may delete it, and finds it by its age. */
export class Retention1764277000000 implements MigrationInterface {
  readonly name = 'Retention1764277000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create index signal_inbox_by_age on signal_inbox (received_at);
      create index waiting_signals_of_signal on waiting_signals (signal_id);
      create index idempotency_keys_by_age on idempotency_keys (created_at);
      grant delete on signal_inbox to offswitch_service;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
