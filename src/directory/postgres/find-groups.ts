import type { GroupId, ResourceId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { Group, Member } from '../groups.js';
import type {
  ResourceMark,
  ResourcePosition,
  ResourceSearch,
  ResourceSlice,
  ScimPlace,
} from '../resources.js';
import { findRows, followRows, type Shelf } from './find-rows.js';

const GROUPS: Shelf = {
  table: 'groups',
  columns: `r.id, r.display_name, r.external_id, r.version::int as version, r.created_at, r.changed_at`,
};

export async function findGroups(
  tx: Tx,
  place: ScimPlace,
  search: ResourceSearch,
  slice: ResourceSlice,
): Promise<{ readonly total: number; readonly items: readonly Group[] }> {
  const { total, found } = await findRows<GroupRow>(tx, GROUPS, { place, search }, slice);
  return { total, items: found.map(groupOf) };
}

export async function followGroups(
  tx: Tx,
  place: ScimPlace,
  search: ResourceSearch,
  mark: ResourceMark,
): Promise<{ readonly items: readonly Group[]; readonly next: ResourcePosition | null }> {
  const { found, next } = await followRows<GroupRow>(tx, GROUPS, { place, search }, mark);
  return { items: found.map(groupOf), next };
}

const among = sql(
  'directory.groups_among',
  `select id from groups where organization_id = $1 and connection_id = $2 and id = any($3::uuid[])`,
);

export async function groupsAmong(
  tx: Tx,
  { organization, connection }: ScimPlace,
  ids: readonly GroupId[],
): Promise<ReadonlySet<GroupId>> {
  const found = await rows<{ readonly id: GroupId }>(tx, among, [organization, connection, ids]);
  return new Set(found.map(({ id }) => id));
}

// One more than may be told is looked for: a large group is found out without being read. A member that is a group is
// known when it is told, and nowhere else: who asks, and in what order groups come, changes nothing.
const members = sql(
  'directory.members_of_groups',
  `select g.id as group_id, m.value, m.resource_id, n.id as nested_id
     from unnest($2::uuid[]) as g (id)
    cross join lateral (select value, resource_id from group_members
                         where organization_id = $1 and group_id = g.id order by value limit $3) m
     left join groups n on m.resource_id is null and n.organization_id = $1 and n.connection_id = $4 and n.deleted_at is null
      and n.id = case when m.value ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then m.value::uuid end
    order by m.value`,
);

interface MemberRow {
  readonly group_id: GroupId;
  readonly value: string;
  readonly resource_id: ResourceId | null;
  readonly nested_id: GroupId | null;
}

export async function membersOfGroups(
  tx: Tx,
  { organization, connection }: ScimPlace,
  groups: readonly GroupId[],
  most: number | null,
): Promise<ReadonlyMap<GroupId, readonly Member[]>> {
  const limit = most === null ? null : most + 1;
  const found = new Map<GroupId, Member[]>(groups.map((id) => [id, []]));
  for (const row of await rows<MemberRow>(tx, members, [organization, groups, limit, connection]))
    found
      .get(row.group_id)
      ?.push({ value: row.value, resource: row.resource_id, group: row.nested_id });
  if (most !== null) for (const [id, members] of found) if (members.length > most) found.delete(id);
  return found;
}

interface GroupRow {
  readonly id: GroupId;
  readonly display_name: string;
  readonly external_id: string | null;
  readonly version: number;
  readonly created_at: Date;
  readonly changed_at: Date;
}

const groupOf = (row: GroupRow): Group => ({
  id: row.id,
  displayName: row.display_name,
  externalId: row.external_id,
  version: row.version,
  createdAt: row.created_at,
  changedAt: row.changed_at,
});
