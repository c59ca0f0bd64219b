import type { ConnectionId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { PageOf } from '../page.js';
import type { ConnectionRow } from './connection-row.js';

const statement = sql(
  'directory.list_connections',
  `select c.id, c.organization_id, c.kind, c.name, c.link, c.identities_from, c.public_key, c.silence_after_s, c.interop, c.accepts,
          c.created_at, c.removed_at,
          coalesce(s.created_at, '{}') as secrets_created_at, coalesce(s.expires_at, '{}') as secrets_expire_at
     from connections c
     left join lateral (
       select array_agg(created_at order by id desc) as created_at, array_agg(expires_at order by id desc) as expires_at
         from connection_secrets
        where organization_id = c.organization_id and connection_id = c.id and c.removed_at is null
          and (expires_at is null or expires_at > clock_timestamp())
     ) s on true
    where c.organization_id = $1 and ($2::uuid is null or c.id = $2) and ($3::uuid is null or c.id < $3)
    order by c.id desc limit $4`,
);

/** Newest first, removed ones too: they explain holds. */
export const listConnections = (
  tx: Tx,
  organization: OrganizationId,
  page: PageOf<ConnectionId>,
): Promise<ConnectionRow[]> => rows(tx, statement, [organization, null, page.cursor, page.limit]);

export async function selectConnection(
  tx: Tx,
  organization: OrganizationId,
  id: ConnectionId,
): Promise<ConnectionRow | null> {
  const [row] = await rows<ConnectionRow>(tx, statement, [organization, id, null, 1]);
  return row ?? null;
}
