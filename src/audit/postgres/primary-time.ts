import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

const statement = sql('audit.primary_time', `select clock_timestamp() as at`);

export async function primaryTime(tx: Tx): Promise<Date> {
  const [row] = await rows<{ at: Date }>(tx, statement);
  if (row === undefined) throw new Error('a query without a table gave no row');
  return row.at;
}
