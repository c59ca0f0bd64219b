import type { Tx } from '../../kernel/tx.js';
import { sql, touch } from '../../platform/postgres/rows.js';

const statement = sql(
  'outbox.move-epoch',
  `update installation set epoch = $1, partitions = greatest(partitions, $2) where epoch < $1`,
);

export async function moveEpoch(
  tx: Tx,
  { epoch, partitions }: { readonly epoch: number; readonly partitions: number },
): Promise<void> {
  await touch(tx, statement, [epoch, partitions]);
}
