import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which records the broker would not take, and why: an operator reads it and has them sent again. */
export class RefusedRecords1764271000000 implements MigrationInterface {
  readonly name = 'RefusedRecords1764271000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Stays when the record has been sent after all: the broker's word in outbox_acks tells which is which.
      create table outbox_refused (
        digest text primary key,
        refusal text not null,
        refused_at timestamptz not null default clock_timestamp(),
        retried_at timestamptz
      );

      -- Those that were set aside before this table was there: listed or waiting to be, and never acknowledged.
      insert into outbox_refused (digest, refusal, refused_at)
      select p.digest, 'not kept', p.set_aside_at from outbox_pending p where p.set_aside_at is not null
      union all
      select c.digest, 'not kept', o.created_at
        from outbox_covers c join outbox o on o.digest = c.digest
       where not exists (select from outbox_acks a where a.digest = c.digest)
         and not exists (select from outbox_pending p where p.digest = c.digest);

      grant select, insert, update on outbox_refused to offswitch_service;
      grant select on outbox_refused to offswitch_auditor;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
