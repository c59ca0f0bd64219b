import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { ConnectionName } from '../connections.js';

// The caller holds the connection's row. A secret that ends sooner keeps its end: rotating never prolongs.
const statement = sql(
  'directory.expire_connection_secrets',
  `with clock as materialized (
     select clock_timestamp() as at
   ), live as (
     select s.id, row_number() over (order by s.created_at desc, s.id desc) = 1 as is_newest
       from connection_secrets s, clock
      where s.organization_id = $1 and s.connection_id = $2
        and (s.expires_at is null or s.expires_at > clock.at)
   ), ended as (
     update connection_secrets s
        set expires_at = least(s.expires_at, clock.at
                           + case when live.is_newest then $3 else 0 end * interval '1 second')
       from live, clock
      where s.id = live.id
     returning live.is_newest, s.expires_at
   )
   select clock.at,
          coalesce((select expires_at from ended where is_newest), clock.at) as expire_at,
          (select count(*)::int from ended where not is_newest) as older
     from clock`,
);

/**
 * Ends the present secret after the overlap, seconds, and any older one at once, so that with the next one two are
 * live at most.
 */
export async function expireConnectionSecrets(
  tx: Tx,
  { organization, id }: ConnectionName,
  overlapS: number,
): Promise<{ readonly at: Date; readonly expire_at: Date; readonly older: number }> {
  const [row] = await rows<{ at: Date; expire_at: Date; older: number }>(tx, statement, [
    organization,
    id,
    overlapS,
  ]);
  if (row === undefined) throw new Error('a select without from returned nothing');
  return row;
}
