import { entryOf, type AuditAction, type AuditEntry, type Subject } from '../audit/index.js';
import { newId, type ConnectionId, type OrganizationId } from '../kernel/ids.js';
import type { Asking } from './asking.js';

/** Something that was done to an organization's directory. */
export interface Deed {
  readonly organization: OrganizationId;
  /** The primary's clock. */
  readonly at: Date;
  readonly action: AuditAction;
  readonly subject: Subject;
  readonly connection?: ConnectionId;
  /** Ids and settings; names are personal data. */
  readonly detail?: AuditEntry['detail'];
}

export const deedEntry = (deed: Deed, { actor, requestId }: Asking): AuditEntry =>
  entryOf({
    id: newId(),
    org: deed.organization,
    at: deed.at.toISOString(),
    action: deed.action,
    outcome: 'success',
    actor,
    subject: deed.subject,
    connection: deed.connection ?? null,
    request_id: requestId,
    detail: deed.detail ?? {},
  });
