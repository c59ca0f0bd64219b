import type { Actor, AuditEntry } from '../../audit/index.js';
import { entryOf as auditEntry } from '../../audit/index.js';
import { raisedGeneration } from '../../contract/generation.js';
import type { GenerationScope } from '../../contract/revocation-record.js';
import type {
  ApiKeyId,
  CaseId,
  DeviceId,
  EntryId,
  FamilyId,
  OrganizationId,
  UserId,
} from '../../kernel/ids.js';
import { foreignRecords } from './access.js';
import type { ForeignName, Hold, Holds } from './person.js';
import type { CaseWrite, Cause, MakeId, RecordDraft } from './plan.js';

/** An operator's order. */
export interface RevocationOrder {
  readonly organization: OrganizationId;
  readonly scope: GenerationScope;
  readonly id: string;
  readonly kind: 'admin' | 'incident';
  readonly reason: string;
  readonly hold: boolean;
  readonly actor: Actor;
  readonly requestId: string;
  readonly receivedAt: Date;
}

export interface SubjectState {
  readonly at: Date;
  readonly generation: number;
  readonly holds: Holds;
  readonly lifts: Readonly<Record<string, string>>;
  readonly user: UserId | null;
  readonly tokens: number;
  readonly devices: number;
  /** Of a user all names, of an organization everybody of each issuer. */
  readonly foreign: readonly ForeignName[];
}

/** What a plan gets its ids and generations from. */
export interface Making {
  /** Of the installation. */
  readonly epoch: number;
  readonly makeId: MakeId;
}

export interface SubjectPlan {
  readonly generation: number;
  readonly holds: Holds;
  readonly case: CaseWrite;
  readonly entry: AuditEntry;
  readonly records: readonly RecordDraft[];
}

/** One generation up for the subject, and a hold when the operator wants one. */
export function planSubject(
  order: RevocationOrder,
  before: SubjectState,
  { epoch, makeId }: Making,
): SubjectPlan {
  const id = makeId<CaseId>();
  const entryId = makeId<EntryId>();
  const generation = raisedGeneration(before.generation, epoch);
  const at = before.at.toISOString();
  const hold: Hold = { set_at: at, event_at: order.receivedAt.toISOString(), case: id };
  const cause: Cause = {
    kind: order.kind,
    connection: null,
    signal: null,
    actor: order.actor.id,
    reason: order.reason,
  };
  const common = { cause: order.kind, case: id, entry: entryId };
  return {
    generation,
    holds: order.hold ? { ...before.holds, [order.kind]: hold } : before.holds,
    case: {
      id,
      scope: order.scope,
      subject: order.id,
      user: before.user,
      generation,
      cause,
      devices: before.devices,
      tokens: before.tokens,
      receivedAt: order.receivedAt,
      revokedAt: before.at,
    },
    entry: auditEntry({
      id: entryId,
      org: order.organization,
      at,
      action: 'revocation.requested',
      outcome: 'success',
      actor: order.actor,
      subject: { type: order.scope === 'org' ? 'organization' : order.scope, id: order.id },
      case: id,
      request_id: order.requestId,
      detail: {
        generation,
        tokens: before.tokens,
        devices: before.devices,
        hold: order.hold ? order.kind : null,
        kind: order.kind,
      },
    }),
    records: [
      { ...common, scope: order.scope, subject: order.id, generation },
      ...foreignRecords(before.foreign, common),
    ],
  };
}

export interface FamilyState {
  readonly id: FamilyId;
  readonly device: DeviceId;
  readonly generation: number;
  readonly holds: Holds;
}

export interface ApiKeyPlan {
  readonly case: CaseWrite;
  readonly entries: readonly AuditEntry[];
  readonly records: readonly RecordDraft[];
}

/** Ends an API key: one case, one entry, and a record for each family that came through it. */
export function planApiKey(
  operator: {
    readonly organization: OrganizationId;
    readonly actor: Actor;
    readonly requestId: string;
    readonly receivedAt: Date;
  },
  before: {
    readonly at: Date;
    readonly key: ApiKeyId;
    readonly reason: string;
    readonly families: readonly FamilyState[];
  },
  { epoch, makeId }: Making,
): ApiKeyPlan {
  const id = makeId<CaseId>();
  const entry = makeId<EntryId>();
  const devices = new Set(before.families.map((family) => family.device)).size;
  const tokens = before.families.length;
  return {
    case: {
      id,
      scope: 'api_key',
      subject: before.key,
      user: null,
      generation: null,
      cause: {
        kind: 'admin',
        connection: null,
        signal: null,
        actor: operator.actor.id,
        reason: before.reason,
      },
      devices,
      tokens,
      receivedAt: operator.receivedAt,
      revokedAt: before.at,
    },
    entries: [
      auditEntry({
        id: entry,
        org: operator.organization,
        at: before.at.toISOString(),
        action: 'api_key.revoked',
        outcome: 'success',
        actor: operator.actor,
        subject: { type: 'api_key', id: before.key },
        case: id,
        request_id: operator.requestId,
        detail: { tokens, devices },
      }),
    ],
    records: before.families.map((family) => ({
      scope: 'family',
      subject: family.id,
      generation: raisedGeneration(family.generation, epoch),
      cause: 'admin',
      case: id,
      entry,
    })),
  };
}
