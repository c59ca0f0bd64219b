import type { CauseKind } from '../../contract/revocation-record.js';
import type { CaseId, ConnectionId, OrganizationId, SignalId, UserId } from '../../kernel/ids.js';
import type { Case, CaseSubject } from '../domain/case.js';

export interface CaseRow {
  readonly id: CaseId;
  readonly organization_id: OrganizationId | null;
  readonly scope: CaseSubject['scope'] | null;
  readonly subject_id: string | null;
  readonly user_id: UserId | null;
  readonly generation: string | null;
  readonly cause_kind: CauseKind;
  readonly cause_connection: ConnectionId | null;
  readonly cause_signal: SignalId | null;
  readonly cause_actor: string | null;
  readonly cause_reason: string | null;
  readonly devices: number;
  readonly tokens: number;
  readonly received_at: Date;
  readonly revoked_at: Date | null;
}

export const CASE_COLUMNS = `id, organization_id, scope, subject_id, user_id, generation, cause_kind, cause_connection,
  cause_signal, cause_actor, cause_reason, devices, tokens, received_at, revoked_at`;

export const caseOf = (row: CaseRow): Case => ({
  id: row.id,
  organization: row.organization_id,
  cause: {
    kind: row.cause_kind,
    connection: row.cause_connection,
    signal: row.cause_signal,
    actor: row.cause_actor,
    reason: row.cause_reason,
  },
  receivedAt: row.received_at,
  effect:
    row.scope === null || row.subject_id === null || row.revoked_at === null
      ? null
      : {
          subject: { scope: row.scope, id: row.subject_id },
          user: row.user_id,
          generation: row.generation === null ? null : Number(row.generation),
          counts: { devices: row.devices, tokens: row.tokens },
          revokedAt: row.revoked_at,
        },
});
