import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { ConnectionName } from '../connections.js';
import type { ConnectionKind } from '../domain/connection-kinds.js';

const statement = sql(
  'directory.lock_connection',
  `select kind, public_key from connections
    where organization_id = $1 and id = $2 and removed_at is null
      for no key update`,
);

/** The connection, kept from being removed or rotated by others; null when it is not there any more. */
export async function lockConnection(
  tx: Tx,
  { organization, id }: ConnectionName,
): Promise<{ readonly kind: ConnectionKind; readonly public_key: string | null } | null> {
  const [row] = await rows<{ kind: ConnectionKind; public_key: string | null }>(tx, statement, [
    organization,
    id,
  ]);
  return row ?? null;
}
