import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

const statement = sql('admin.clock', `select clock_timestamp() as at`);

/** The primary's clock. */
export async function readClock(tx: Tx): Promise<Date> {
  const [row] = await rows<{ at: Date }>(tx, statement);
  if (row === undefined) throw new Error('a select without from returned nothing');
  return row.at;
}
