import type { ConnectionId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { NewConnection } from '../connections.js';
import { silenceDefaultOf } from '../domain/connection-kinds.js';

// The organization and the connection that identities come from must be there, and the latter in the former.
const statement = sql(
  'directory.insert_connection',
  `insert into connections (id, organization_id, kind, name, link, identities_from, public_key, silence_after_s, interop, accepts)
   select $2, o.id, $3, $4, $5, f.id, $7, $8, $9, $10
     from organizations o
     left join connections f on f.organization_id = o.id and f.id = $6 and f.removed_at is null
    where o.id = $1 and ($6::uuid is null or f.id is not null)
   returning created_at`,
);

/** @returns null when the organization, or the connection that identities come from, is not there */
export async function insertConnection(
  tx: Tx,
  id: ConnectionId,
  connection: NewConnection,
): Promise<Date | null> {
  const [row] = await rows<{ created_at: Date }>(tx, statement, [
    connection.organization,
    id,
    connection.kind,
    connection.name,
    connection.link,
    connection.identitiesFrom,
    connection.publicKey,
    connection.silenceAfterS === undefined
      ? silenceDefaultOf(connection.kind)
      : connection.silenceAfterS,
    connection.interop ?? 'tolerant',
    connection.accepts ?? 'bearer',
  ]);
  return row?.created_at ?? null;
}
