import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

const statement = sql('scim.primary_time', 'select clock_timestamp() as at');

/** The primary's clock, in which audit entries are dated. */
export async function primaryTime(tx: Tx): Promise<Date> {
  const [row] = await rows<{ at: Date }>(tx, statement);
  if (row === undefined) throw new TypeError('a select of one row answered none');
  return row.at;
}
