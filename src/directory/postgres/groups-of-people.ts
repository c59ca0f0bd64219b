import type { GroupId, ResourceId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { GroupOfPerson } from '../groups.js';
import type { ScimPlace } from '../resources.js';

// A person may stand in a group by their id and by their external id, and is told once. Of who is in more groups than may be
// told no more is read: a change may be waiting for it, with its locks.
const groups = sql(
  'directory.groups_of_people',
  `select r.id as resource_id, m.group_id, m.display_name
     from unnest($3::uuid[]) as w (id)
     join resources r on r.id = w.id and r.organization_id = $1 and r.connection_id = $2 and r.deleted_at is null
    cross join lateral (
      select s.group_id, g.display_name
        from (select m.group_id from group_members m
               where m.organization_id = $1 and m.user_id = r.user_id and m.resource_id = r.id limit $4) s
        join groups g on g.organization_id = $1 and g.id = s.group_id and g.connection_id = $2 and g.deleted_at is null) m
   order by m.group_id`,
);

/** In one group: by two names. */
const PLACES = 2;

interface Row {
  readonly resource_id: ResourceId;
  readonly group_id: GroupId;
  readonly display_name: string;
}

export async function groupsOfPeople(
  tx: Tx,
  { organization, connection }: ScimPlace,
  people: readonly ResourceId[],
  most: number | null,
): Promise<ReadonlyMap<ResourceId, readonly GroupOfPerson[]>> {
  const limit = most === null ? null : most * PLACES + 1;
  const places = new Map<ResourceId, Row[]>(people.map((id) => [id, []]));
  for (const row of await rows<Row>(tx, groups, [organization, connection, people, limit]))
    places.get(row.resource_id)?.push(row);
  const found = new Map<ResourceId, readonly GroupOfPerson[]>();
  for (const [id, all] of places) {
    const each = new Map(all.map((row) => [row.group_id, row.display_name]));
    if (most !== null && (each.size > most || all.length > most * PLACES)) continue;
    found.set(
      id,
      [...each].map(([group, displayName]) => ({ id: group, displayName })),
    );
  }
  return found;
}
