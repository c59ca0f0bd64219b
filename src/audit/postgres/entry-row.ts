import { entryText, type AuditEntry } from '../domain/entry.js';

/** An entry as `audit.entry` takes it: the columns are copies to search by, `bytes` is the entry itself. */
export interface EntryRow {
  readonly id: string;
  readonly organization_id: string;
  readonly at: string;
  readonly action: string;
  readonly outcome: string;
  readonly actor_type: string;
  readonly actor_id: string;
  readonly subject_type: string | null;
  readonly subject_id: string | null;
  readonly case_id: string | null;
  readonly connection_id: string | null;
  readonly request_id: string | null;
  /** The RFC 8785 text; the statement that inserts it stores `convert_to(bytes, 'UTF8')`. */
  readonly bytes: string;
}

export const entryRow = (entry: AuditEntry): EntryRow => ({
  id: entry.id,
  organization_id: entry.org,
  at: entry.at,
  action: entry.action,
  outcome: entry.outcome,
  actor_type: entry.actor.type,
  actor_id: entry.actor.id,
  subject_type: entry.subject?.type ?? null,
  subject_id: entry.subject?.id ?? null,
  case_id: entry.case,
  connection_id: entry.connection,
  request_id: entry.request_id,
  bytes: entryText(entry),
});
