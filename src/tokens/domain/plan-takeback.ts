import { entryDigest, entryOf, type Actor, type AuditEntry } from '../../audit/index.js';
import { caseEvent } from '../../contract/access-event.js';
import { raisedGeneration } from '../../contract/generation.js';
import type { Case } from '../../cases/index.js';
import type {
  CaseId,
  DeviceId,
  EntryId,
  FamilyId,
  OrganizationId,
  UserId,
} from '../../kernel/ids.js';
import { outboxRecord, type OutboxRecord, type ToldEvent } from '../../outbox/index.js';
import { setOffBy, type Press } from './plan-end.js';

/** A device is taken from a user. */
export interface Takeback {
  readonly case: CaseId;
  readonly entry: EntryId;
  readonly organization: OrganizationId;
  readonly device: DeviceId;
  readonly user: UserId;
  readonly actor: Actor;
  readonly requestId: string;
  readonly receivedAt: Date;
  /** The primary's clock after the locks were held. */
  readonly at: Date;
  /** The user's living device tokens on the device. */
  readonly families: readonly { readonly id: FamilyId; readonly generation: number }[];
}

export interface TakebackPlan {
  readonly entry: AuditEntry;
  /** Null when no token was alive: then nothing is revoked. */
  readonly case: Case | null;
  readonly records: readonly OutboxRecord[];
  readonly events: readonly ToldEvent[];
}

/** One entry, one case, one record per device token: others who hold the device keep theirs. */
export function planTakeback(takeback: Takeback, press: Press): TakebackPlan {
  const { organization, device, user, families, at } = takeback;
  const ends = families.length > 0;
  const entry = entryOf({
    id: takeback.entry,
    org: organization,
    at: at.toISOString(),
    action: 'device.unassigned',
    outcome: 'success',
    actor: takeback.actor,
    subject: { type: 'device', id: device },
    case: ends ? takeback.case : null,
    request_id: takeback.requestId,
    detail: { user, tokens: families.length },
  });
  const audit = entryDigest(entry, press.hash);
  const records = families.map(({ id, generation }) =>
    outboxRecord(
      {
        v: 1,
        org: organization,
        scope: 'family',
        subject: id,
        generation: raisedGeneration(generation, press.epoch),
        not_before: null,
        cause: 'admin',
        case: takeback.case,
        revoked_at: at.toISOString(),
        audit,
      },
      press.partitions,
      press.hash,
    ),
  );
  return {
    entry,
    case: ends ? caseOf(takeback) : null,
    records,
    events: ends ? [eventOf(takeback)] : [],
  };
}

const eventOf = (takeback: Takeback): ToldEvent => ({
  ...caseEvent({
    case: takeback.case,
    scope: 'device',
    subject: takeback.device,
    user: takeback.user,
    at: takeback.at,
    cause: 'admin',
    initiator: setOffBy(takeback.actor),
    isHeld: false,
  }),
  txn: takeback.requestId,
  connection: null,
});

const caseOf = (takeback: Takeback): Case => ({
  id: takeback.case,
  organization: takeback.organization,
  cause: {
    kind: 'admin',
    connection: null,
    signal: null,
    actor: `${takeback.actor.type}:${takeback.actor.id}`,
    reason: 'the device was taken from the user',
  },
  receivedAt: takeback.receivedAt,
  effect: {
    subject: { scope: 'device', id: takeback.device },
    user: takeback.user,
    // Its generation stays: only this user's tokens on it end.
    generation: null,
    counts: { devices: 1, tokens: takeback.families.length },
    revokedAt: takeback.at,
  },
});
