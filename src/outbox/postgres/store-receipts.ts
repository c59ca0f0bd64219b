import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { Answers } from '../domain/gather-receipts.js';

// A position stands for every record that a watermark up to it covers. Those that the process did not also list by
// itself (its earlier receipt was lost) are written down with this receipt's time. What was revoked before its first
// lease is not: no case counts it for that, and many gateways that start after many leavers would be a long list. What is
// older than two days no gateway needs any more, and the older partitions need not be looked at. Records and cases are
// looked up one by one: joined with a set, PostgreSQL reads all of the day's. That the process is one of ours is looked
// at here, once for all of its rows, instead of by a foreign key once for each.
const statement = sql(
  'outbox.store-receipts',
  `with seen as (
     update gateway_processes p set last_seen_at = greatest(p.last_seen_at, s.received_at)
       from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as s (gateway_id, boot, received_at)
      where p.gateway_id = s.gateway_id and p.boot = s.boot),
   here as (
     select * from unnest($4::uuid[], $5::uuid[], $6::integer[], $7::bigint[], $8::timestamptz[], $9::timestamptz[],
                          $10::timestamptz[]) as h (gateway_id, boot, partition, seq, t, at, received_at)),
   before as (
     select h.*, p.seq as old_seq
       from here h
       left join gateway_positions p
         on p.gateway_id = h.gateway_id and p.boot = h.boot and p.partition = h.partition),
   moved as (
     insert into gateway_positions (gateway_id, boot, partition, seq, t, received_at)
     select gateway_id, boot, partition, seq, t, received_at from here
     on conflict (gateway_id, boot, partition) do update
        set seq = excluded.seq, t = excluded.t, received_at = excluded.received_at
      where gateway_positions.seq < excluded.seq),
   listed as (
     select l.digest, l.gateway_id, l.boot, l.applied_at, l.received_at, o.case_id
       from unnest($11::text[], $12::uuid[], $13::uuid[], $14::timestamptz[], $15::timestamptz[])
              as l (digest, gateway_id, boot, applied_at, received_at)
       join gateway_processes p on p.gateway_id = l.gateway_id and p.boot = l.boot
      cross join lateral (
        select o.case_id from outbox o
         where o.digest = l.digest and o.created_at between now() - interval '2 days' and now() + interval '1 day'
         limit 1) o),
   covered as (
     select c.digest, b.gateway_id, b.boot, b.at as applied_at, b.received_at, o.case_id
       from before b
       join gateway_processes p on p.gateway_id = b.gateway_id and p.boot = b.boot
      cross join lateral (
        select c.digest from outbox_covers c
         where c.partition = b.partition and c.seq <= b.seq and c.seq > coalesce(b.old_seq, b.seq - $16)
        offset 0) c
      cross join lateral (
        select o.case_id from outbox o
         where o.digest = c.digest and o.created_at > p.first_seen_at - interval '1 second'
           and o.created_at between now() - interval '2 days' and now() + interval '1 day'
         limit 1) o
      where not exists (select from gateway_applied a
                         where a.digest = c.digest and a.gateway_id = b.gateway_id and a.boot = b.boot)),
   told as materialized (
     select distinct on (digest, gateway_id, boot) * from (select * from listed union all select * from covered) a
      order by digest, gateway_id, boot, applied_at),
   stored as (
     insert into gateway_applied (digest, gateway_id, boot, applied_at, received_at)
     select digest, gateway_id, boot, applied_at, received_at from told
     on conflict (digest, gateway_id, boot) do nothing
     returning digest, gateway_id, boot)
   select g.name as gateway,
          extract(epoch from t.applied_at - (select c.received_at from cases c where c.id = t.case_id))::float8 as seconds
     from stored
     join told t using (digest, gateway_id, boot)
     join gateways g on g.id = t.gateway_id`,
);

/** How many watermarks before its first known position a process is taken to have applied one by one. */
const FIRST_LOOK_BACK = 300;

/** How long one gateway took to apply one record, counted from the request that asked for it. */
export interface Applied {
  readonly gateway: string;
  readonly seconds: number;
}

/**
 * Stores what processes say that they have applied. Positions only ever move forward; the first word on a record stays.
 *
 * @returns what was not known before
 */
export async function storeReceipts(
  tx: Tx,
  { seen, positions, applied }: Answers,
): Promise<readonly Applied[]> {
  return rows<Applied>(tx, statement, [
    seen.map(({ gateway }) => gateway),
    seen.map(({ boot }) => boot),
    seen.map(({ receivedAt }) => receivedAt),
    positions.map(({ gateway }) => gateway),
    positions.map(({ boot }) => boot),
    positions.map(({ partition }) => partition),
    positions.map(({ seq }) => seq),
    positions.map(({ t }) => t),
    positions.map(({ at }) => at),
    positions.map(({ receivedAt }) => receivedAt),
    applied.map(({ digest }) => digest),
    applied.map(({ gateway }) => gateway),
    applied.map(({ boot }) => boot),
    applied.map(({ at }) => at),
    applied.map(({ receivedAt }) => receivedAt),
    FIRST_LOOK_BACK,
  ]);
}
