import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { ConnectionName } from '../connections.js';

const statement = sql(
  'directory.remove_connection',
  `update connections set removed_at = clock_timestamp()
    where organization_id = $1 and id = $2 and removed_at is null
   returning removed_at`,
);

/** @returns when, or null when it is not there, or was removed before */
export async function removeConnection(
  tx: Tx,
  { organization, id }: ConnectionName,
): Promise<Date | null> {
  const [row] = await rows<{ removed_at: Date }>(tx, statement, [organization, id]);
  return row?.removed_at ?? null;
}
