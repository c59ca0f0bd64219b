import { entryDigest, entryRow, type AuditEntry, type EntryRow } from '../../audit/index.js';
import type { Hash } from '../../contract/crypto-types.js';
import { foreignSubject } from '../../contract/foreign-subject.js';
import { outboxRecord, type OutboxRecord } from '../../outbox/index.js';
import type { OrganizationId } from '../../kernel/ids.js';
import type { ForeignName } from './person.js';
import type { CaseWrite, RecordDraft } from './plan.js';

/** How records get their bytes, their place and their generations. */
export interface Press {
  readonly hash: Hash;
  readonly partitions: number;
  /** Of the installation. */
  readonly epoch: number;
}

export interface Printed {
  readonly entries: readonly EntryRow[];
  readonly records: readonly OutboxRecord[];
}

/** Entries and records as they will be stored; each record carries the digest of its entry. */
export function print(
  press: Press,
  organization: OrganizationId,
  plan: { readonly entries: readonly AuditEntry[]; readonly records: readonly RecordDraft[] },
  revokedAt: Date,
): Printed {
  const entries = new Map(plan.entries.map((entry) => [entry.id, entry]));
  const records = plan.records.map((draft) => {
    const entry = entries.get(draft.entry);
    if (entry === undefined)
      throw new TypeError('a record names an entry that the plan does not have');
    return outboxRecord(
      {
        v: 1,
        org: organization,
        ...(draft.scope === 'ext'
          ? foreignTerms(draft.name, revokedAt, press.hash)
          : {
              scope: draft.scope,
              subject: draft.subject,
              generation: draft.generation,
              not_before: null,
            }),
        cause: draft.cause,
        case: draft.case,
        revoked_at: revokedAt.toISOString(),
        audit: entryDigest(entry, press.hash),
      },
      press.partitions,
      press.hash,
    );
  });
  return { entries: plan.entries.map(entryRow), records };
}

/** The second of the revocation itself counts as before it. */
const foreignTerms = ({ issuer, sub }: ForeignName, revokedAt: Date, hash: Hash) =>
  ({
    scope: 'ext',
    subject: foreignSubject(issuer, sub, hash),
    generation: null,
    not_before: Math.floor(revokedAt.getTime() / 1000),
  }) as const;

export interface CaseRow {
  readonly id: string;
  readonly scope: string | null;
  readonly subject_id: string | null;
  readonly user_id: string | null;
  readonly generation: number | null;
  readonly cause_kind: string;
  readonly cause_connection: string | null;
  readonly cause_signal: string | null;
  readonly cause_actor: string | null;
  readonly cause_reason: string | null;
  readonly devices: number;
  readonly tokens: number;
  readonly received_at: string;
  readonly revoked_at: string | null;
}

export const caseRow = (write: CaseWrite): CaseRow => ({
  id: write.id,
  scope: write.scope,
  subject_id: write.subject,
  user_id: write.user,
  generation: write.generation,
  cause_kind: write.cause.kind,
  cause_connection: write.cause.connection,
  cause_signal: write.cause.signal,
  cause_actor: write.cause.actor,
  cause_reason: write.cause.reason,
  devices: write.devices,
  tokens: write.tokens,
  received_at: write.receivedAt.toISOString(),
  revoked_at: write.revokedAt?.toISOString() ?? null,
});
