import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

const statement = sql('outbox.read-clock', `select clock_timestamp() as now`);

/** The primary's clock. */
export async function readClock(tx: Tx): Promise<Date> {
  const [row] = await rows<{ readonly now: Date }>(tx, statement);
  if (row === undefined) throw new TypeError('the clock did not answer');
  return row.now;
}
