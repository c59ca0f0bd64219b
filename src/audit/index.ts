export { ACTIONS, isAuditAction, type AuditAction } from './domain/actions.js';
export {
  MAX_ENTRY_BYTES,
  entryBytes,
  entryDigest,
  entryOf,
  type Actor,
  type AuditEntry,
  type LogId,
  type NewEntry,
  type Outcome,
  type Subject,
} from './domain/entry.js';
export { AuditLog } from './audit-log.js';
export { AuditQuery, type EntryFilter, type EntryPage, type Page } from './audit-query.js';
export { entryRow, type EntryRow } from './postgres/entry-row.js';
