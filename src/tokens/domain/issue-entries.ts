import { entryOf, type Actor, type AuditEntry } from '../../audit/index.js';
import type { DeviceId, EntryId, FamilyId, OrganizationId, UserId } from '../../kernel/ids.js';

/** What an issue did. */
export interface IssueDone {
  readonly organization: OrganizationId;
  readonly at: Date;
  readonly actor: Actor;
  readonly requestId: string;
  readonly family: FamilyId;
  readonly device: DeviceId;
  readonly owner: UserId | null;
  readonly isNewDevice: boolean;
  readonly assigns: boolean;
  readonly bootstrapExpiresAt: Date;
}

/** One entry for each deed: the device that was made, whom it was given to, the token that was issued. */
export function issueEntries(done: IssueDone, makeId: () => EntryId): readonly AuditEntry[] {
  const { organization, device, owner } = done;
  const entry = (rest: Pick<AuditEntry, 'action' | 'subject' | 'detail'>): AuditEntry =>
    entryOf({
      id: makeId(),
      org: organization,
      at: done.at.toISOString(),
      outcome: 'success',
      actor: done.actor,
      request_id: done.requestId,
      ...rest,
    });
  const subject = { type: 'device', id: device } as const;
  return [
    ...(done.isNewDevice ? [entry({ action: 'device.created', subject, detail: {} })] : []),
    ...(done.assigns
      ? [entry({ action: 'device.assigned', subject, detail: { user: owner } })]
      : []),
    entry({
      action: 'token.issued',
      subject: { type: 'family', id: done.family },
      detail: { device, user: owner, expires_at: done.bootstrapExpiresAt.toISOString() },
    }),
  ];
}
