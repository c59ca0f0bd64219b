import type { UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';
import type { ComparedPerson, PresentedRoster, RosterId } from '../presented-rosters.js';

const digest = (text: string): string => `substring(sha256(convert_to(${text}, 'UTF8')) for 16)`;

const add = sql(
  'directory.add_roster_names',
  `insert into roster_names (organization_id, roster_id, name)
   select $1, $2, ${digest('n')} from unnest($3::text[]) n
   on conflict do nothing`,
);

export const addRosterNames = (
  tx: Tx,
  { id, connection }: PresentedRoster,
  names: readonly string[],
): Promise<number> => touch(tx, add, [connection.organization, id, names]);

const named = (kind: string, value: string): string => digest(`'${kind}' || chr(10) || ${value}`);

// Null where the resource has no such name: equal to nothing.
const compare = sql(
  'directory.compare_roster',
  `select r.user_id as user, bool_or(r.active) as "isActive", bool_or(exists (
            select from roster_names n
             where n.roster_id = $3 and n.name = any (array[
               ${named('e', 'r.external_id')},
               ${named('n', 'r.user_name_key')},
               case when r.external_id is null then ${named('N', 'r.user_name_key')} end
             ] || array(select ${named('m', 'e')} from unnest(r.emails) e)
               || array(select ${named('M', 'e')} from unnest(r.emails) e where r.external_id is null)))) as "isOnRoster"
     from resources r
    where r.organization_id = $1 and r.connection_id = $2 and r.deleted_at is null
      and ($4::uuid is null or r.user_id > $4)
    group by r.user_id order by r.user_id limit $5`,
);

export const compareRoster = (
  tx: Tx,
  { id, connection }: PresentedRoster,
  { after, limit }: { readonly after: UserId | null; readonly limit: number },
): Promise<ComparedPerson[]> =>
  rows(tx, compare, [connection.organization, connection.id, id, after, limit]);

const count = sql(
  'directory.count_roster_names',
  'select count(*)::float8 as names from roster_names where roster_id = $1',
);

export async function countRosterNames(tx: Tx, id: RosterId): Promise<number> {
  const [row] = await rows<{ names: number }>(tx, count, [id]);
  return row?.names ?? 0;
}

const drop = sql(
  'directory.drop_roster_names',
  `delete from roster_names where ctid = any (array(select ctid from roster_names where roster_id = $1 limit $2))`,
);

export const dropRosterNames = (tx: Tx, id: RosterId, limit: number): Promise<number> =>
  touch(tx, drop, [id, limit]);

// The id says when it was made: what is older than an hour was left behind by a crash.
const dropOld = sql(
  'directory.drop_old_roster_names',
  `delete from roster_names where ctid = any (array(
     select ctid from roster_names
      where roster_id < (lpad(to_hex(floor(extract(epoch from clock_timestamp() - interval '1 hour') * 1000)::bigint), 12, '0')
                         || repeat('0', 20))::uuid
      limit $1))`,
);

export const dropOldRosterNames = (tx: Tx, limit: number): Promise<number> =>
  touch(tx, dropOld, [limit]);
