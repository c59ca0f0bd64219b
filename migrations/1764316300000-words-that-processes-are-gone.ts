import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Only a process's last word may come in after its goodbye; after an operator's word any word is a sign of life. */
export class WordsThatProcessesAreGone1764316300000 implements MigrationInterface {
  readonly name = 'WordsThatProcessesAreGone1764316300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Who said it: somebody with the gateway's key, or an operator. Not known of what was said before.
      alter table gateway_processes add column gone_by text check (gone_by in ('gateway', 'operator'));

      -- A process that is heard of afterwards was not gone, whoever said so, and has counted all the time. The second
      -- is for the last word of one that ends, which may come in by the broker's clock (max_clock_skew). An operator says
      -- it of a process that has been silent for S: nothing of it is under way.
      create or replace function gone_since(p gateway_processes) returns timestamptz
        language sql stable
        return case
          when p.last_seen_at <= p.gone_at + case when p.gone_by = 'gateway' then interval '1 s' else interval '0' end
          then p.gone_at
        end;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
