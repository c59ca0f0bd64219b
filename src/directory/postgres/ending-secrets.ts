import type { ConnectionId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

/** A secret that is about to end while its IdP still shows it. */
export interface EndingSecret {
  readonly organization_id: OrganizationId;
  readonly connection_id: ConnectionId;
  readonly expires_at: Date;
  /** The primary's clock. */
  readonly at: Date;
}

// Whoever marks it is the one who says so: another replica waits for the row, and finds it marked.
const tell = sql(
  'directory.tell_ending_secrets',
  `update connection_secrets s set end_told_at = clock_timestamp()
     from ending_connection_secrets e
    where s.id = e.secret_id and e.end_told_at is null and s.end_told_at is null
   returning s.organization_id, s.connection_id, s.expires_at, s.end_told_at as at`,
);

/** Marks those that nobody has been told of, and returns them once. */
export const tellEndingSecrets = (tx: Tx): Promise<EndingSecret[]> => rows(tx, tell);

const count = sql(
  'directory.count_ending_secrets',
  'select count(*)::integer as ending from ending_connection_secrets',
);

export async function countEndingSecrets(tx: Tx): Promise<number> {
  const [row] = await rows<{ ending: number }>(tx, count);
  return row?.ending ?? 0;
}
