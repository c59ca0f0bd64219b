import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';
import type { ConnectionName } from '../connections.js';
import type { Silence } from '../traffic/silence-entries.js';

// Whoever marks it is the one who says so: another replica finds it marked.
const statement = sql(
  'directory.begin_silence',
  `with late as (
     select h.organization_id, h.connection_id, coalesce(h.last_success_at, h.first_request_at) as since, c.silence_after_s
       from connection_health h
       join connections c on c.organization_id = h.organization_id and c.id = h.connection_id
      where c.removed_at is null and h.silent_since is null
        and coalesce(h.last_success_at, h.first_request_at) < clock_timestamp() - c.silence_after_s * interval '1 second'
      order by h.connection_id
      for update of h
   )
   update connection_health h set silent_since = late.since from late
    where h.organization_id = late.organization_id and h.connection_id = late.connection_id
   returning h.organization_id, h.connection_id, h.silent_since, late.silence_after_s, clock_timestamp() as at`,
);

/** Marks those that have been silent for too long, and returns them once. One that was never heard is not silent. */
export const beginSilence = (tx: Tx): Promise<(Silence & { readonly silence_after_s: number })[]> =>
  rows(tx, statement);

const forgotten = sql(
  'directory.forget_silence',
  `update connection_health set silent_since = null where organization_id = $1 and connection_id = $2`,
);

/** By another measure it may not be silent: whoever looks next says so again if it is. */
export const forgetSilence = (tx: Tx, { organization, id }: ConnectionName): Promise<number> =>
  touch(tx, forgotten, [organization, id]);

const counted = sql(
  'directory.count_unwell',
  `select count(*) filter (where h.silent_since is not null)::integer as silent,
          count(*) filter (where h.error_streak >= $1 and h.last_failure_at > clock_timestamp() - interval '1 day')::integer
            as failing
     from connection_health h
     join connections c on c.organization_id = h.organization_id and c.id = h.connection_id
    where c.removed_at is null`,
);

/** Connections that are silent, and those whose last answers were all failures. */
export async function countUnwell(
  tx: Tx,
  failingFrom: number,
): Promise<{ readonly silent: number; readonly failing: number }> {
  const [row] = await rows<{ silent: number; failing: number }>(tx, counted, [failingFrom]);
  return row ?? { silent: 0, failing: 0 };
}
