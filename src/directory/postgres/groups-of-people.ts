import type { GroupId, ResourceId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { GroupOfPerson } from '../groups.js';
import type { ScimPlace } from '../resources.js';

// A person may stand in a group by their id and by their external id. One more than may be told is looked for.
const groups = sql(
  'directory.groups_of_people',
  `select r.id as resource_id, m.group_id, m.display_name
     from unnest($3::uuid[]) as w (id)
     join resources r on r.id = w.id and r.organization_id = $1 and r.connection_id = $2 and r.deleted_at is null
    cross join lateral (
      select distinct on (m.group_id) m.group_id, g.display_name from group_members m
        join groups g on g.organization_id = $1 and g.id = m.group_id and g.connection_id = $2 and g.deleted_at is null
       where m.organization_id = $1 and m.user_id = r.user_id and m.resource_id = r.id
       order by m.group_id limit $4) m`,
);

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
  const limit = most === null ? null : most + 1;
  const found = new Map<ResourceId, GroupOfPerson[]>(people.map((id) => [id, []]));
  for (const row of await rows<Row>(tx, groups, [organization, connection, people, limit]))
    found.get(row.resource_id)?.push({ id: row.group_id, displayName: row.display_name });
  if (most !== null) for (const [id, all] of found) if (all.length > most) found.delete(id);
  return found;
}
