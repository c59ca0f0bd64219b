import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

/** A record in the feed, and where to go on behind it. */
export interface FeedRow {
  readonly digest: string;
  readonly value: Uint8Array;
  readonly at: string;
}

export interface After {
  readonly at: string;
  readonly digest: string;
}

// What a later snapshot contains and an earlier one does not. Both are names of moments, so it does not matter when
// this runs, how often, or on which connection.
const between = sql(
  'outbox.records-between',
  `select digest, value, xid::text as at
     from outbox
    where xid >= pg_snapshot_xmin($1::pg_snapshot) and xid < pg_snapshot_xmax($2::pg_snapshot)
      and not pg_visible_in_snapshot(xid, $1::pg_snapshot) and pg_visible_in_snapshot(xid, $2::pg_snapshot)
      and (xid, digest) > ($3::xid8, $4::text)
    order by xid, digest
    limit $5`,
);

/** Records that are there at `to` and were not at `from`, page by page. */
export const recordsBetween = (
  tx: Tx,
  { from, to }: { readonly from: string; readonly to: string },
  after: After | null,
  limit: number,
): Promise<FeedRow[]> =>
  rows<FeedRow>(tx, between, [from, to, after?.at ?? '0', after?.digest ?? '', limit]);

// Without an upper end: whatever else has been committed meanwhile is one revocation more, and true.
const since = sql(
  'outbox.records-since',
  `select digest, value, created_at::text as at
     from outbox
    where created_at >= $1 and (created_at, digest) > ($2::timestamptz, $3::text)
    order by created_at, digest
    limit $4`,
);

/** Every record that was written at `from` or later, page by page. */
export const recordsSince = (
  tx: Tx,
  from: Date,
  after: After | null,
  limit: number,
): Promise<FeedRow[]> =>
  rows<FeedRow>(tx, since, [from, after?.at ?? '-infinity', after?.digest ?? '', limit]);

const one = sql('outbox.find-record', `select value from outbox where digest = $1`);

/** The bytes of a record, by their name. */
export async function findRecord(tx: Tx, digest: string): Promise<Uint8Array | null> {
  const [row] = await rows<{ readonly value: Uint8Array }>(tx, one, [digest]);
  return row?.value ?? null;
}
