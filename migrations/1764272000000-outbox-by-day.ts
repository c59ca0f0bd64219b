import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The outbox by the day (UTC), so that what nobody needs any more is dropped as a whole and not row by row. */
export class OutboxByDay1764272000000 implements MigrationInterface {
  readonly name = 'OutboxByDay1764272000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- A key of a partitioned table must contain the day, so nothing can refer to a digest alone. It is the hash of
      -- bytes that name their case and audit entry: the same digest twice is the same record.
      alter table outbox_pending drop constraint outbox_pending_digest_fkey;
      alter table outbox_acks drop constraint outbox_acks_digest_fkey;
      alter table outbox_covers drop constraint outbox_covers_digest_fkey;
      alter table outbox rename to outbox_before;
      alter table outbox_before drop constraint outbox_pkey;
      alter index outbox_of_case rename to outbox_before_case_id_idx;
      alter index outbox_by_transaction rename to outbox_before_xid_idx;
      alter index outbox_by_time rename to outbox_before_created_at_idx;
      create index outbox_before_digest_idx on outbox_before (digest);

      create table outbox (
        digest text not null,
        organization_id uuid,
        case_id uuid not null,
        key text not null,
        partition integer not null,
        value bytea not null,
        created_at timestamptz not null default clock_timestamp(),
        xid xid8 not null default pg_current_xact_id()
      ) partition by range (created_at);
      create index outbox_by_digest on outbox (digest);
      create index outbox_of_case on outbox (case_id);
      create index outbox_by_transaction on outbox (xid);
      create index outbox_by_time on outbox (created_at);
      grant select, insert on outbox to offswitch_service;
      grant select on outbox to offswitch_auditor;

      -- Whatever was there becomes the partition of the last day that it holds. Its indexes are taken over as they are.
      do $before$
      declare
        last_day timestamptz;
        part text;
      begin
        select date_trunc('day', greatest(clock_timestamp(), max(created_at)), 'UTC') into last_day from outbox_before;
        part := 'outbox_' || to_char(last_day at time zone 'UTC', 'YYYY_MM_DD');
        execute format('alter table outbox_before rename to %I', part);
        execute format('alter table outbox attach partition %I for values from (minvalue) to (%L)',
                       part, (last_day at time zone 'UTC' + interval '1 day') at time zone 'UTC');
      end
      $before$;

      -- A record whose day has no partition lands here: a revocation must not fail over a table that nobody made in time.
      create table outbox_default partition of outbox default;

      -- What stays of a record whose day was dropped: whose case it belongs to. The broker's word and the watermark that
      -- lists it stay where they are.
      create table outbox_archive (
        digest text primary key,
        case_id uuid not null,
        partition integer not null,
        created_at timestamptz not null
      );
      create index outbox_archive_of_case on outbox_archive (case_id);
      grant select, insert on outbox_archive to offswitch_service;
      grant select on outbox_archive to offswitch_auditor;

      create view outbox_records as
        select digest, case_id, partition, created_at from outbox
        union
        select digest, case_id, partition, created_at from outbox_archive;
      grant select on outbox_records to offswitch_service, offswitch_auditor;

      -- Makes the partitions of today (UTC) and the three days after it, and returns the names of new ones. A day that
      -- has records in the default partition already stays there.
      create function outbox_ensure_partitions() returns setof text
      language plpgsql security definer
      set search_path = pg_catalog, pg_temp set lock_timeout = '500ms' set timezone = 'UTC'
      as $body$
      declare
        today timestamptz := date_trunc('day', clock_timestamp());
        starts_at timestamptz;
        ends_at timestamptz;
        part text;
      begin
        perform pg_advisory_xact_lock(hashtextextended('offswitch/outbox-partitions', 0));
        for days in 0..3 loop
          starts_at := today + make_interval(days => days);
          ends_at := today + make_interval(days => days + 1);
          part := 'outbox_' || to_char(starts_at, 'YYYY_MM_DD');
          continue when to_regclass('public.' || part) is not null;
          continue when exists (select from public.outbox_default where created_at >= starts_at and created_at < ends_at);
          begin
            execute format('create table public.%I (like public.outbox including defaults including constraints)', part);
            execute format('alter table public.outbox attach partition public.%I for values from (%L) to (%L)',
                           part, starts_at, ends_at);
            return next part;
          exception
            -- The partition of a later day holds this one, too: the clock stood there when the first one was made.
            when invalid_object_definition then null;
          end;
        end loop;
      end
      $body$;

      -- Drops the partition of one day, and says whether it did. Not before \`keep_days\` whole days have passed since, two
      -- at the least; not while the broker has not acknowledged one of its records, or one waits to be listed; not before
      -- all of them are in the archive. Dropping stops every reader and writer for a moment: it waits half a second for
      -- that at most, and fails. What came before the first day of all is in that day's partition.
      create function outbox_drop_partition(day date, keep_days integer) returns boolean
      language plpgsql security definer
      set search_path = pg_catalog, pg_temp set lock_timeout = '500ms' set timezone = 'UTC'
      as $body$
      declare
        part text := 'outbox_' || to_char(day, 'YYYY_MM_DD');
        is_needed boolean;
      begin
        perform pg_advisory_xact_lock(hashtextextended('offswitch/outbox-partitions', 0));
        if keep_days is null or day + greatest(keep_days, 2) >= clock_timestamp()::date
          or not exists (select from pg_inherits
                          where inhparent = 'public.outbox'::regclass and inhrelid = to_regclass('public.' || part)) then
          return false;
        end if;
        execute format(
          'select exists (select from public.%I o
                           where not exists (select from public.outbox_acks a where a.digest = o.digest)
                              or not exists (select from public.outbox_archive k where k.digest = o.digest))
               or exists (select from public.outbox_pending p join public.%I o on o.digest = p.digest)', part, part)
          into is_needed;
        if is_needed then
          return false;
        end if;
        execute format('drop table public.%I', part);
        return true;
      end
      $body$;

      revoke all on function outbox_ensure_partitions(), outbox_drop_partition(date, integer) from public;
      grant execute on function outbox_ensure_partitions(), outbox_drop_partition(date, integer) to offswitch_service;

      select outbox_ensure_partitions();
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
