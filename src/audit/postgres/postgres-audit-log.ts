import type { Tx } from '../../kernel/tx.js';
import { AuditLog } from '../audit-log.js';
import type { AuditEntry } from '../domain/entry.js';
import { appendEntries } from './append-entries.js';
import { entryRow } from './entry-row.js';

export class PostgresAuditLog extends AuditLog {
  override async append(tx: Tx, entries: readonly AuditEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await appendEntries(
      tx,
      entries.map((entry) => entryRow(entry)),
    );
  }
}
