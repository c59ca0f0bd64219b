import type { Tx } from '../../kernel/tx.js';
import { sql, touch } from '../../platform/postgres/rows.js';

const statement = sql(
  'outbox.raise-partitions',
  `update installation set partitions = $1 where partitions < $1`,
);

export async function raisePartitions(tx: Tx, count: number): Promise<void> {
  await touch(tx, statement, [count]);
}
