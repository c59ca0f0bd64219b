import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { EntryFilter } from '../audit-query.js';
import type { Place } from '../domain/cursor.js';
import type { LogId } from '../domain/entry.js';

export interface ListedRow {
  readonly id: string;
  readonly at: Date;
  readonly bytes: Buffer;
}

// A filter that is not given is null, and PostgreSQL plans without it: its custom plans know the values.
const statement = sql(
  'audit.list',
  `select id, at, bytes
     from audit.entry
    where organization_id = $1
      and ($2::timestamptz is null or at >= $2)
      and ($3::timestamptz is null or at < $3)
      and ($4::text is null or actor_id = $4)
      and ($5::text is null or action = $5)
      and ($6::uuid is null or case_id = $6)
      and ($7::timestamptz is null or (at, id) < ($7, $8::uuid))
    order by at desc, id desc
    limit $9`,
);

export interface Range {
  readonly below: Place | null;
  readonly limit: number;
}

export async function listEntries(
  tx: Tx,
  log: LogId,
  filter: EntryFilter,
  range: Range,
): Promise<ListedRow[]> {
  return rows<ListedRow>(tx, statement, [
    log,
    filter.since ?? null,
    filter.until ?? null,
    filter.actor ?? null,
    filter.action ?? null,
    filter.case ?? null,
    range.below?.at ?? null,
    range.below?.id ?? null,
    range.limit,
  ]);
}
