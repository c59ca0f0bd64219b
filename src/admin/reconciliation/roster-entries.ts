import { entryOf, type AuditEntry } from '../../audit/index.js';
import type { Operator } from '../../deprovision/index.js';
import type { ConnectionName } from '../../directory/index.js';
import { newId, type EntryId } from '../../kernel/ids.js';
import type { Reconciliation } from './reconciliation.js';

/** Counts and digests; names are on the roster and nowhere here. */
export const detailOf = (found: Reconciliation): AuditEntry['detail'] => ({
  reconciliation: found.id,
  roster: found.digest,
  rows: found.rows,
  present: found.present,
  unreadable: found.unreadable,
  people: found.people,
  missing: found.missing,
  with_live_tokens: found.withLiveTokens,
});

export const entryFor = (
  { operator, connection }: { readonly operator: Operator; readonly connection: ConnectionName },
  at: Date,
  said: Pick<AuditEntry, 'action' | 'outcome' | 'detail'>,
): AuditEntry =>
  entryOf({
    id: newId<EntryId>(),
    org: operator.organization,
    at: at.toISOString(),
    actor: operator.actor,
    subject: { type: 'connection', id: connection.id },
    connection: connection.id,
    request_id: operator.requestId,
    ...said,
  });
