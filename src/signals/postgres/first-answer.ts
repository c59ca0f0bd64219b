import type { SignalOutcome } from '../../deprovision/index.js';
import type { CaseId, ConnectionId, OrganizationId, SignalId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

const statement = sql(
  'signals.first_answer',
  `select id as signal, outcome as kind, case_id as "case"
     from signal_inbox
    where organization_id = $1 and connection_id = $2 and dedupe_key = $3`,
);

/** What was answered when the connection sent this key before; null when it never did. */
export async function firstAnswer(
  tx: Tx,
  from: { readonly organization: OrganizationId; readonly connection: ConnectionId },
  dedupeKey: string,
): Promise<SignalOutcome | null> {
  const [row] = await rows<{ signal: SignalId; kind: SignalOutcome['kind']; case: CaseId | null }>(
    tx,
    statement,
    [from.organization, from.connection, dedupeKey],
  );
  return row === undefined ? null : { ...row, repeated: true };
}
