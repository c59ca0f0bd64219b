import { base64url, canonicalText, utf8 } from '../../contract/bytes.js';
import type { Hash } from '../../contract/crypto-types.js';
import type { CaseId, ConnectionId, EntryId, Id, OrganizationId } from '../../kernel/ids.js';
import type { AuditAction } from './actions.js';

type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };
type JsonObject = Readonly<Record<string, JsonValue>>;

/** Whose log an entry belongs to: an organization, or the installation for what belongs to no organization. */
export type LogId = OrganizationId | Id<'installation'>;

type Outcome = 'success' | 'refused' | 'failure';

/** Who did it. `outsider` has not proven who it is; its id names the door it stood at. */
export interface Actor {
  readonly type:
    'connection' | 'admin_key' | 'api_key' | 'device' | 'gateway' | 'service' | 'outsider';
  readonly id: string;
}

/** What it was done to. */
export interface Subject {
  readonly type:
    | 'organization'
    | 'connection'
    | 'admin_key'
    | 'api_key'
    | 'user'
    | 'resource'
    | 'group'
    | 'device'
    | 'family'
    | 'kid'
    | 'ext'
    | 'signal'
    | 'gateway'
    | 'issuer'
    | 'record'
    | 'audit';
  readonly id: string;
}

/**
 * One entry, in the form that can never change: its bytes are stored, hashed and proven. Ids only; personal
 * data stands in `sealed` and nowhere else.
 */
export interface AuditEntry {
  readonly v: 1;
  readonly id: EntryId;
  readonly org: LogId;
  /** RFC 3339 UTC with milliseconds, the primary's clock. */
  readonly at: string;
  readonly action: AuditAction;
  readonly outcome: Outcome;
  readonly actor: Actor;
  readonly subject: Subject | null;
  readonly case: CaseId | null;
  readonly connection: ConnectionId | null;
  readonly request_id: string | null;
  readonly detail: JsonObject;
  /** Ciphertext (base64url) under a key of one person, so that destroying the key erases without breaking a proof. */
  readonly sealed: { readonly key: string; readonly iv: string; readonly ct: string } | null;
}

/** What the caller must say; the rest is null or empty unless it says more. */
export type NewEntry = Pick<AuditEntry, 'id' | 'org' | 'at' | 'action' | 'outcome' | 'actor'> &
  Partial<AuditEntry>;

/** An entry in its complete form: absent members would change the bytes. */
export const entryOf = (entry: NewEntry): AuditEntry => ({
  v: 1,
  id: entry.id,
  org: entry.org,
  at: entry.at,
  action: entry.action,
  outcome: entry.outcome,
  actor: entry.actor,
  subject: entry.subject ?? null,
  case: entry.case ?? null,
  connection: entry.connection ?? null,
  request_id: entry.request_id ?? null,
  detail: entry.detail ?? {},
  sealed: entry.sealed ?? null,
});

/** An entry bundle of tlog-tiles counts an entry's bytes in sixteen bits. */
export const MAX_ENTRY_BYTES = 65_535;

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/**
 * The exact text of an entry, RFC 8785; its UTF-8 bytes are stored as they are and never made again from columns.
 *
 * @throws TypeError for a lone surrogate, a number that JSON cannot say, a time in another form
 */
function entryText(entry: AuditEntry): string {
  if (!TIME.test(entry.at)) throw new TypeError('at is not RFC 3339 UTC with milliseconds');
  try {
    return canonicalText(entry);
  } catch (error) {
    // The canonicalizer says it with a plain Error; to our callers it is one mistake of theirs.
    throw error instanceof TypeError
      ? error
      : new TypeError('the entry has no canonical form', { cause: error });
  }
}

function bytesOf(text: string): Uint8Array {
  const bytes = utf8(text);
  if (bytes.length > MAX_ENTRY_BYTES)
    throw new RangeError(`an entry has at most ${MAX_ENTRY_BYTES} bytes`);
  return bytes;
}

/**
 * @throws TypeError when the entry has no canonical form
 * @throws RangeError above {@link MAX_ENTRY_BYTES}
 */
export const entryBytes = (entry: AuditEntry): Uint8Array => bytesOf(entryText(entry));

/** base64url(SHA-256(bytes)): how a revocation record names its entry. Throws as {@link entryBytes}. */
export const entryDigest = (entry: AuditEntry, hash: Hash): string =>
  base64url(hash(entryBytes(entry)));

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

/** What to insert. Throws as {@link entryBytes}. */
export function entryRow(entry: AuditEntry): EntryRow {
  const text = entryText(entry);
  // A character has at most three bytes of UTF-8: short texts need no counting.
  if (text.length * 3 > MAX_ENTRY_BYTES) bytesOf(text);
  return {
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
    bytes: text,
  };
}
