import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

const statement = sql(
  'audit.ensure_partitions',
  `select partition from audit.ensure_partitions() as partition`,
);

export async function ensurePartitions(tx: Tx): Promise<readonly string[]> {
  return (await rows<{ partition: string }>(tx, statement)).map(({ partition }) => partition);
}
