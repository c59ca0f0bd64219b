import type { Tx } from '../../kernel/tx.js';
import { clientOf } from './postgres-tx.js';

/** One SQL text with the name under which each connection prepares it once. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** @param name unique, `room.deed`; at most 63 characters (PostgreSQL truncates longer ones) */
export const sql = (name: string, text: string): Statement => ({ name, text });

/** Runs one statement with counted parameters and returns its rows. */
export async function rows<R extends object>(
  tx: Tx,
  statement: Statement,
  values: readonly unknown[] = [],
): Promise<R[]> {
  const result = await clientOf(tx).query<R>({
    name: statement.name,
    text: statement.text,
    values: [...values],
  });
  return result.rows;
}

/** Runs one statement and says how many rows it touched. */
export async function touch(
  tx: Tx,
  statement: Statement,
  values: readonly unknown[] = [],
): Promise<number> {
  const result = await clientOf(tx).query({
    name: statement.name,
    text: statement.text,
    values: [...values],
  });
  return result.rowCount ?? 0;
}
