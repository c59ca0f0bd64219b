import type { CaseId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';

/** A request that a client may send again: its key within a scope, and what it asked for. */
export interface KeyedRequest {
  /** `revocations:<organization>`, or `revocations:installation`. */
  readonly scope: string;
  readonly key: string;
  /** SHA-256 of what was asked, canonical. */
  readonly digest: Uint8Array;
}

const select = sql(
  'admin.select_idempotency_key',
  `select request_digest, case_id from idempotency_keys where scope = $1 and key = $2`,
);

const insert = sql(
  'admin.insert_idempotency_key',
  `insert into idempotency_keys (scope, key, request_digest, case_id) values ($1, $2, $3, $4)
   on conflict (scope, key) do nothing`,
);

export interface FirstRequest {
  readonly request_digest: Uint8Array;
  readonly case_id: CaseId;
}

export async function selectIdempotencyKey(
  tx: Tx,
  { scope, key }: KeyedRequest,
): Promise<FirstRequest | null> {
  const [row] = await rows<FirstRequest>(tx, select, [scope, key]);
  return row ?? null;
}

/** @returns false when the key has been used before */
export async function insertIdempotencyKey(
  tx: Tx,
  { scope, key, digest }: KeyedRequest,
  made: CaseId,
): Promise<boolean> {
  return (await touch(tx, insert, [scope, key, digest, made])) > 0;
}

/** How long a request that comes again gets the first answer, days. */
export const IDEMPOTENCY_DAYS = 7;

const deleteOld = sql(
  'admin.delete_old_idempotency_keys',
  `delete from idempotency_keys
    where (scope, key) in (select scope, key from idempotency_keys
                            where created_at < clock_timestamp() - make_interval(days => $1)
                            order by created_at limit $2)`,
);

export const deleteOldIdempotencyKeys = (tx: Tx, limit: number): Promise<number> =>
  touch(tx, deleteOld, [IDEMPOTENCY_DAYS, limit]);
