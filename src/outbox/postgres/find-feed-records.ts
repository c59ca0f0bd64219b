import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

export interface After {
  readonly at: string;
  readonly digest: string;
}

/** Records of the feed, and where to go on behind them. */
export interface FeedPage {
  readonly digests: readonly string[];
  /** The values' texts. */
  readonly values: readonly string[];
  /** Null when nothing comes behind them; the page behind may be empty. */
  readonly after: After | null;
}

interface Row {
  readonly digests: string | null;
  readonly values: string | null;
  /** The largest one. */
  readonly at: string | null;
}

// A row for each record costs the service more than the record: one for all of them. Neither a digest nor a value has
// a line break (RFC 8785).
const between = sql(
  'outbox.page-between',
  `select string_agg(digest, chr(10) order by xid, digest) as digests,
          string_agg(convert_from(value, 'UTF8'), chr(10) order by xid, digest) as values,
          max(xid::text::numeric)::text as at
     from (select digest, value, xid
             from outbox
            where xid >= pg_snapshot_xmin($1::pg_snapshot) and xid < pg_snapshot_xmax($2::pg_snapshot)
              and not pg_visible_in_snapshot(xid, $1::pg_snapshot) and pg_visible_in_snapshot(xid, $2::pg_snapshot)
              and (xid, digest) > ($3::xid8, $4::text)
            order by xid, digest
            limit $5) as page`,
);

/** Records that are there at `to` and were not at `from`, page by page: both are names of moments. */
export const recordsBetween = async (
  tx: Tx,
  { from, to }: { readonly from: string; readonly to: string },
  after: After | null,
  most: number,
): Promise<FeedPage> =>
  pageIn(
    await rows<Row>(tx, between, [from, to, after?.at ?? '0', after?.digest ?? '', most]),
    most,
  );

// Without an upper end: whatever else has been committed meanwhile is one revocation more, and true.
const since = sql(
  'outbox.page-since',
  `select string_agg(digest, chr(10) order by created_at, digest) as digests,
          string_agg(convert_from(value, 'UTF8'), chr(10) order by created_at, digest) as values,
          max(created_at)::text as at
     from (select digest, value, created_at
             from outbox
            where created_at >= $1 and (created_at, digest) > ($2::timestamptz, $3::text)
            order by created_at, digest
            limit $4) as page`,
);

/** Every record that was written at `from` or later, page by page. */
export const recordsSince = async (
  tx: Tx,
  from: Date,
  after: After | null,
  most: number,
): Promise<FeedPage> =>
  pageIn(
    await rows<Row>(tx, since, [from, after?.at ?? '-infinity', after?.digest ?? '', most]),
    most,
  );

function pageIn([row]: readonly Row[], most: number): FeedPage {
  const [digests, values] = [linesOf(row?.digests), linesOf(row?.values)];
  if (digests.length !== values.length) throw new TypeError('a record has a line break');
  const [at, digest] = [row?.at, digests.at(-1)];
  const isFull = digests.length >= most && at != null && digest !== undefined;
  return { digests, values, after: isFull ? { at, digest } : null };
}

const linesOf = (text: string | null | undefined): readonly string[] => text?.split('\n') ?? [];

const one = sql('outbox.find-record', `select value from outbox where digest = $1`);

/** The bytes of a record, by their name. */
export async function findRecord(tx: Tx, digest: string): Promise<Uint8Array | null> {
  const [row] = await rows<{ readonly value: Uint8Array }>(tx, one, [digest]);
  return row?.value ?? null;
}
