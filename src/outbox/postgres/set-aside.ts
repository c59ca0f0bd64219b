import type { Tx } from '../../kernel/tx.js';
import { sql, touch } from '../../platform/postgres/rows.js';

const statement = sql(
  'outbox.set-aside',
  `update outbox_pending set set_aside_at = clock_timestamp()
    where digest = $1 and set_aside_at is null`,
);

/** @returns false when it was set aside before, or has left the queue */
export const setAside = async (tx: Tx, digest: string): Promise<boolean> =>
  (await touch(tx, statement, [digest])) === 1;
