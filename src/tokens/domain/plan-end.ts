import { entryDigest, entryOf, type Actor, type AuditEntry } from '../../audit/index.js';
import type { Case } from '../../cases/index.js';
import { caseEvent, type Initiator } from '../../contract/access-event.js';
import type { Hash } from '../../contract/crypto-types.js';
import type { CaseId, EntryId, OrganizationId, UserId } from '../../kernel/ids.js';
import { outboxRecord, type OutboxRecord, type ToldEvent } from '../../outbox/index.js';

/** Why everything issued under a device or a device token ends, on this room's own account. */
export interface End {
  readonly case: CaseId;
  readonly entry: EntryId;
  readonly organization: OrganizationId;
  readonly scope: 'device' | 'family';
  readonly subject: string;
  readonly user: UserId | null;
  readonly action: 'token.revoked' | 'token.reuse_detected';
  readonly kind: 'admin' | 'incident';
  readonly reason: string | null;
  readonly actor: Actor;
  readonly requestId: string;
  readonly receivedAt: Date;
  /** The primary's clock after the locks were held. */
  readonly at: Date;
}

/** What the raise answered. */
export interface Raised {
  readonly generation: number;
  /** Living device tokens that ended, and their devices. */
  readonly tokens: number;
  readonly devices: number;
}

/** How a record gets its bytes and its place. */
export interface Press {
  readonly hash: Hash;
  readonly partitions: number;
  /** Of the installation. */
  readonly epoch: number;
}

export interface EndPlan {
  readonly case: Case;
  readonly entry: AuditEntry;
  readonly record: OutboxRecord;
  readonly event: ToldEvent;
}

/** One case, one entry, one record that carries the entry's digest, one event. */
export function planEnd(end: End, raised: Raised, press: Press): EndPlan {
  const { generation, tokens, devices } = raised;
  const { organization, scope, subject, at } = end;
  const entry = entryOf({
    id: end.entry,
    org: organization,
    at: at.toISOString(),
    action: end.action,
    outcome: 'success',
    actor: end.actor,
    subject: { type: scope, id: subject },
    case: end.case,
    request_id: end.requestId,
    detail: { generation, tokens, devices, cause: end.kind },
  });
  const record = outboxRecord(
    {
      v: 1,
      org: organization,
      scope,
      subject,
      generation,
      not_before: null,
      cause: end.kind,
      case: end.case,
      revoked_at: at.toISOString(),
      audit: entryDigest(entry, press.hash),
    },
    press.partitions,
    press.hash,
  );
  return {
    case: {
      id: end.case,
      organization,
      cause: {
        kind: end.kind,
        connection: null,
        signal: null,
        actor: `${end.actor.type}:${end.actor.id}`,
        reason: end.reason,
      },
      receivedAt: end.receivedAt,
      effect: {
        subject: { scope, id: subject },
        user: end.user,
        generation,
        counts: { devices, tokens },
        revokedAt: at,
      },
    },
    entry,
    record,
    event: eventOf(end),
  };
}

/** Whoever gets a device as its first user has had nothing of what ends. */
const eventOf = (end: End): ToldEvent => ({
  ...caseEvent({
    case: end.case,
    scope: end.scope,
    subject: end.subject,
    user: end.scope === 'family' ? end.user : null,
    at: end.at,
    cause: end.kind,
    initiator: initiatorOf(end),
    isHeld: false,
  }),
  txn: end.requestId,
  connection: null,
});

const initiatorOf = ({ action, actor }: End): Initiator => {
  if (action === 'token.reuse_detected') return 'system';
  return setOffBy(actor);
};

/** An API key is another system that asks, as an identity provider is. */
export const setOffBy = ({ type }: Actor): Initiator => {
  if (type === 'device') return 'user';
  return type === 'api_key' ? 'system' : 'admin';
};
