import type { Tx } from '../../kernel/tx.js';
import { AuditQuery, type EntryFilter, type EntryPage, type Page } from '../audit-query.js';
import { cursorOf, readCursor } from '../domain/cursor.js';
import type { AuditEntry, LogId } from '../domain/entry.js';
import { listEntries } from './list-entries.js';

export class PostgresAuditQuery extends AuditQuery {
  override async list(tx: Tx, log: LogId, filter: EntryFilter, page: Page): Promise<EntryPage> {
    const below = page.cursor === null ? null : readCursor(page.cursor);
    // One more than asked for tells whether there is a next page.
    const found = await listEntries(tx, log, filter, { below, limit: page.limit + 1 });
    const shown = found.slice(0, page.limit);
    const last = shown.at(-1);
    return {
      items: shown.map((row) => JSON.parse(row.bytes.toString('utf8')) as AuditEntry),
      next:
        found.length > shown.length && last !== undefined
          ? cursorOf({ at: last.at.toISOString(), id: last.id })
          : null,
    };
  }
}
