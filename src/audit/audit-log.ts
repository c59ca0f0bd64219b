import type { Tx } from '../kernel/tx.js';
import type { AuditEntry } from './domain/entry.js';

export abstract class AuditLog {
  /**
   * Adds entries to the log, all in one statement. They exist if and only if `tx` commits; if they cannot be
   * written, the deed does not happen either. Nothing can change or remove them afterwards, so an entry is
   * complete when it comes here. Appending the same entry again keeps the first.
   *
   * @throws TypeError | RangeError when an entry has no canonical bytes or too many
   */
  abstract append(tx: Tx, entries: readonly AuditEntry[]): Promise<void>;

  /** The primary's clock, for the `at` of entries whose transaction has not read it anyway. */
  abstract now(tx: Tx): Promise<Date>;
}
