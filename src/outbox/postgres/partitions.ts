import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

const ensure = sql(
  'outbox.ensure-partitions',
  `select part from outbox_ensure_partitions() as part`,
);

/** Makes the partitions of today (UTC) and the three days after it. @returns the names of new ones */
export const ensurePartitions = async (tx: Tx): Promise<readonly string[]> =>
  (await rows<{ part: string }>(tx, ensure)).map(({ part }) => part);

/** A day (UTC) that has a partition, `YYYY-MM-DD`, and from when on its records may be. */
export interface OutboxDay {
  readonly day: string;
  readonly from: string;
}

const old = sql(
  'outbox.list-old-days',
  `select to_char(day, 'YYYY-MM-DD') as day, coalesce(to_char(lag(day) over (order by day) + 1, 'YYYY-MM-DD'), '-infinity') as from
     from pg_inherits i join pg_class c on c.oid = i.inhrelid
     cross join lateral (select to_date(substr(c.relname, 8), 'YYYY_MM_DD') as day) d
    where i.inhparent = 'outbox'::regclass and c.relname ~ '^outbox_[0-9]{4}_[0-9]{2}_[0-9]{2}$'
      and day + $1::integer < (clock_timestamp() at time zone 'UTC')::date
    order by day`,
);

/** The days that ended more than `keepDays` days ago, the oldest first. The first one holds what came before it, too. */
export const listOldDays = (tx: Tx, keepDays: number): Promise<OutboxDay[]> =>
  rows<OutboxDay>(tx, old, [keepDays]);

const IN_DAY = `o.created_at >= ($1::timestamp at time zone 'UTC')
            and o.created_at < (($2::date + 1)::timestamp at time zone 'UTC')`;

const needed = sql(
  'outbox.is-day-needed',
  `select exists (select from outbox o
                   where ${IN_DAY} and not exists (select from outbox_acks a where a.digest = o.digest))
       or exists (select from outbox_pending p join outbox o on o.digest = p.digest where ${IN_DAY}) as is_needed`,
);

/** Whether the broker still lacks a record of this day, or one waits to be listed. */
export const isDayNeeded = async (tx: Tx, { day, from }: OutboxDay): Promise<boolean> =>
  (await rows<{ is_needed: boolean }>(tx, needed, [from, day]))[0]?.is_needed ?? true;

const archive = sql(
  'outbox.archive',
  `with page as (
     select o.digest, o.case_id, o.partition, o.created_at from outbox o
      where ${IN_DAY} and o.created_at >= $3 and (o.created_at, o.digest) > ($3::timestamptz, $4::text)
      order by o.created_at, o.digest limit $5),
   kept as (
     insert into outbox_archive (digest, case_id, partition, created_at) select * from page
     on conflict (digest) do nothing)
   select digest, created_at::text as at from page order by created_at desc, digest desc limit 1`,
);

/** The last record of a page. */
export interface Archived {
  readonly at: string;
  readonly digest: string;
}

/** Writes down whose case the records of a day are, page by page. Null when there are no more. */
export const archiveDay = async (
  tx: Tx,
  { day, from }: OutboxDay,
  { after, limit }: { readonly after: Archived | null; readonly limit: number },
): Promise<Archived | null> => {
  const begin = [after?.at ?? '-infinity', after?.digest ?? ''];
  const [last] = await rows<Archived>(tx, archive, [from, day, ...begin, limit]);
  return last ?? null;
};

const drop = sql(
  'outbox.drop-partition',
  `select outbox_drop_partition($1::date, $2) as is_dropped`,
);

/** @returns false when it is still needed; then nothing happened */
export const dropDay = async (tx: Tx, { day }: OutboxDay, keepDays: number): Promise<boolean> =>
  (await rows<{ is_dropped: boolean }>(tx, drop, [day, keepDays]))[0]?.is_dropped ?? false;
