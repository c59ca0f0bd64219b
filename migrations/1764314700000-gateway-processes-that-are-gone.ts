import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A process that is gone counts for no case from then on, and for every one before. */
export class GatewayProcessesThatAreGone1764314700000 implements MigrationInterface {
  readonly name = 'GatewayProcessesThatAreGone1764314700000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- By its own word, or by an operator's.
      alter table gateway_processes add column gone_at timestamptz;

      -- A process that is heard of afterwards was not gone, whoever said so, and has counted all the time. The
      -- second is for its last word, which may come in by the broker's clock (max_clock_skew).
      create function gone_since(p gateway_processes) returns timestamptz
        language sql stable
        return case when p.last_seen_at <= p.gone_at + interval '1 s' then p.gone_at end;
      revoke all on function gone_since(gateway_processes) from public;
      grant execute on function gone_since(gateway_processes) to offswitch_service, offswitch_auditor;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
