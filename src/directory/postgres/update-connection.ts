import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { ConnectionChange, ConnectionName } from '../connections.js';
import type { ConnectionKind } from '../domain/connection-kinds.js';

const statement = sql(
  'directory.update_connection',
  `update connections set silence_after_s = case when $3 then $4 else silence_after_s end, interop = coalesce($5, interop),
          accepts = coalesce($6, accepts)
    where organization_id = $1 and id = $2 and removed_at is null
   returning kind, clock_timestamp() as at`,
);

/** @returns when, and its kind; null when there is no such connection */
export async function updateConnection(
  tx: Tx,
  { organization, id }: ConnectionName,
  { silenceAfterS, interop, accepts }: ConnectionChange,
): Promise<{ readonly at: Date; readonly kind: ConnectionKind } | null> {
  const [row] = await rows<{ at: Date; kind: ConnectionKind }>(tx, statement, [
    organization,
    id,
    silenceAfterS !== undefined,
    silenceAfterS ?? null,
    interop ?? null,
    accepts ?? null,
  ]);
  return row ?? null;
}
