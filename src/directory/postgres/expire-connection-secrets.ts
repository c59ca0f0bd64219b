import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { ConnectionName } from '../connections.js';

// One that ends sooner keeps its end: rotating never prolongs.
const statement = sql(
  'directory.expire_connection_secrets',
  `with ended as (
     update connection_secrets
        set expires_at = least(expires_at, clock_timestamp() + $3 * interval '1 second')
      where organization_id = $1 and connection_id = $2
        and (expires_at is null or expires_at > clock_timestamp())
   )
   select clock_timestamp() as at, clock_timestamp() + $3 * interval '1 second' as expire_at`,
);

/** Ends all live secrets after the overlap, seconds. */
export async function expireConnectionSecrets(
  tx: Tx,
  { organization, id }: ConnectionName,
  overlapS: number,
): Promise<{ readonly at: Date; readonly expire_at: Date }> {
  const [row] = await rows<{ at: Date; expire_at: Date }>(tx, statement, [
    organization,
    id,
    overlapS,
  ]);
  if (row === undefined) throw new Error('a select without from returned nothing');
  return row;
}
