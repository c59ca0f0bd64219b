import type { Tx } from '../../kernel/tx.js';
import { AuditLog } from '../audit-log.js';
import { entryRow, type AuditEntry } from '../domain/entry.js';
import { appendEntries } from './append-entries.js';
import { primaryTime } from './primary-time.js';

export class PostgresAuditLog extends AuditLog {
  override async append(tx: Tx, entries: readonly AuditEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const written = entries.map((entry) => entryRow(entry));
    await appendEntries(tx, written);
  }

  override async now(tx: Tx): Promise<Date> {
    return primaryTime(tx);
  }
}
