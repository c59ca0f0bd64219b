export { ACTIONS, type AuditAction } from './domain/actions.js';
export {
  MAX_ENTRY_BYTES,
  entryBytes,
  entryDigest,
  entryOf,
  entryRow,
  type Actor,
  type AuditEntry,
  type EntryRow,
  type LogId,
  type NewEntry,
  type Subject,
} from './domain/entry.js';
export { AuditLog } from './audit-log.js';
export { AuditQuery, type EntryPage } from './audit-query.js';
export { Refusals, type Refusal } from './refusals.js';
export { SelfCheck, type Finding } from './self-check.js';
