import { entryOf, type AuditEntry } from '../../audit/index.js';
import { newId, type ConnectionId, type EntryId, type OrganizationId } from '../../kernel/ids.js';

/** A connection of which nothing had succeeded for too long. */
export interface Silence {
  readonly organization_id: OrganizationId;
  readonly connection_id: ConnectionId;
  readonly silent_since: Date;
  /** The primary's clock. */
  readonly at: Date;
}

const entry = (
  silence: Silence,
  said: Pick<AuditEntry, 'action' | 'outcome' | 'detail'>,
): AuditEntry =>
  entryOf({
    id: newId<EntryId>(),
    org: silence.organization_id,
    at: silence.at.toISOString(),
    actor: { type: 'service', id: 'silence-watch' },
    subject: { type: 'connection', id: silence.connection_id },
    connection: silence.connection_id,
    ...said,
  });

export const silentEntry = (silence: Silence & { readonly silence_after_s: number }): AuditEntry =>
  entry(silence, {
    action: 'connection.silent',
    outcome: 'failure',
    detail: {
      silent_since: silence.silent_since.toISOString(),
      silence_after_s: silence.silence_after_s,
    },
  });

export const heardAgainEntry = (silence: Silence): AuditEntry =>
  entry(silence, {
    action: 'connection.heard',
    outcome: 'success',
    detail: { silent_since: silence.silent_since.toISOString() },
  });
