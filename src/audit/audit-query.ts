import type { Tx } from '../kernel/tx.js';
import type { AuditAction } from './domain/actions.js';
import type { AuditEntry, LogId } from './domain/entry.js';

/** What to list; all that is given must hold. */
export interface EntryFilter {
  /** Inclusive. */
  readonly since?: Date | undefined;
  /** Exclusive. */
  readonly until?: Date | undefined;
  /** The actor's id. */
  readonly actor?: string | undefined;
  readonly action?: AuditAction | undefined;
  readonly case?: string | undefined;
}

export interface Page {
  /** The cursor of the page before, as it was given; null for the first page. */
  readonly cursor: string | null;
  readonly limit: number;
}

export interface EntryPage {
  readonly items: readonly AuditEntry[];
  /** Null on the last page. */
  readonly next: string | null;
}

export abstract class AuditQuery {
  /**
   * The entries of one log, newest first. What it returns is read from the stored bytes, not from the columns.
   *
   * @throws DomainError `request.invalid_value` for a cursor that this log did not give
   */
  abstract list(tx: Tx, log: LogId, filter: EntryFilter, page: Page): Promise<EntryPage>;
}
