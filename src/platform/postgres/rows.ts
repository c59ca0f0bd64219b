import type { Tx } from '../../kernel/tx.js';
import { queryIn, queryWithBegin, queryWithCommit } from './postgres-tx.js';

/** One SQL text with the name under which each connection prepares it once. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** @param name unique, `room.deed`; at most 63 characters (PostgreSQL truncates longer ones) */
export const sql = (name: string, text: string): Statement => ({ name, text });

const query = ({ name, text }: Statement, values: readonly unknown[]) => ({
  name,
  text,
  values: [...values],
});

/** Runs one statement with counted parameters and returns its rows. */
export const rows = async <R extends object>(
  tx: Tx,
  statement: Statement,
  values: readonly unknown[] = [],
): Promise<R[]> => (await queryIn<R>(tx, query(statement, values))).rows;

/** Runs one statement and says how many rows it touched. */
export const touch = async (
  tx: Tx,
  statement: Statement,
  values: readonly unknown[] = [],
): Promise<number> => (await queryIn(tx, query(statement, values))).rowCount ?? 0;

/** The rows of the first statement of a transaction, which locks and reads and writes nothing: one trip with BEGIN. */
export const firstRows = async <R extends object>(
  tx: Tx,
  statement: Statement,
  values: readonly unknown[] = [],
): Promise<R[]> => (await queryWithBegin<R>(tx, query(statement, values))).rows;

/**
 * Runs one statement as the last of its transaction: one trip with COMMIT. If it fails PostgreSQL rolls back, and the
 * transaction rejects with its error.
 *
 * @param values of these kinds only: nothing about them can fail before they are sent, when COMMIT would stand alone
 */
export const lastly = (
  tx: Tx,
  statement: Statement,
  values: readonly (string | Date | null)[],
): void => {
  queryWithCommit(tx, query(statement, values));
};
