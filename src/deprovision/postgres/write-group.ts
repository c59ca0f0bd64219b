import type { ConnectionId, GroupId, OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';
import type { GroupImage, MembersChange, StoredGroup } from '../domain/group-change.js';

// Groups belong to the directory, like people: what changes either is written by the heart, after its locks.

interface Place {
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
}

/** So many members are written by one statement: a hundred thousand would take longer than one may. */
const AT_ONCE = 10_000;

const insert = sql(
  'heart.insert_group',
  `insert into groups (id, organization_id, connection_id, display_name, display_name_key, external_id, version,
                       created_at, changed_at)
   values ($3, $1, $2, $4, $5, $6, 1, $7, $7)`,
);

// A member that has waited is told apart from one that is known: whoever says it again may have said it for that.
const insertion = (values: string, at: string): string => `
     insert into group_members as t (organization_id, group_id, value, resource_id, user_id, added_at)
     select $1, $3, m.value, m.resource_id, m.user_id, ${at}::timestamptz
       from members_meant($1, $2, members_new($1, $3, ${values}::text[])) m
     on conflict (organization_id, group_id, value) do update
        set resource_id = excluded.resource_id, user_id = excluded.user_id
      where t.resource_id is null and excluded.resource_id is not null`;

const insertMembers = sql('heart.insert_members', insertion('$5', '$4'));

export async function insertGroup(
  tx: Tx,
  place: Place,
  { id, displayName, externalId, createdAt }: StoredGroup,
  members: readonly string[],
): Promise<void> {
  await touch(tx, insert, [
    place.organization,
    place.connection,
    id,
    displayName,
    displayName.toLowerCase(),
    externalId,
    createdAt,
  ]);
  await addMembers(tx, place, { id, at: createdAt }, members);
}

/** @returns how many of them are new, or known by now */
async function addMembers(
  tx: Tx,
  { organization, connection }: Place,
  group: { readonly id: GroupId; readonly at: Date },
  members: readonly string[],
): Promise<number> {
  let added = 0;
  for (let from = 0; from < members.length; from += AT_ONCE)
    added += await touch(tx, insertMembers, [
      organization,
      connection,
      group.id,
      group.at,
      members.slice(from, from + AT_ONCE),
    ]);
  return added;
}

/** What a change of a group came to. */
export interface GroupWritten {
  /** Null when nothing changed. */
  readonly version: number | null;
  readonly added: number;
  readonly removed: number;
  /** People behind the members that went. */
  readonly left: readonly UserId[];
}

const text = (goes: string): string => `
  with removed as (
     delete from group_members m
      where m.organization_id = $1 and m.group_id = $3 and ${goes}
     returning m.user_id),
   added as (${insertion('$8', '$7')}
     returning t.user_id),
   bumped as (
     update groups g set display_name = $4, display_name_key = $5, external_id = $6, version = g.version + 1, changed_at = $7
      where g.organization_id = $1 and g.id = $3
        and (g.display_name <> $4 or g.external_id is distinct from $6
             or exists (select from removed) or exists (select from added) or $10::integer > 0)
     returning g.version)
   select (select version::integer from bumped) as version,
          (select count(*)::integer from added) + $10::integer as added,
          (select count(*)::integer from removed) as removed,
          array(select distinct user_id from removed where user_id is not null) as "left"`;

const some = sql('heart.change_group', text('m.value = any ($9::text[])'));
// The difference first, as a set: it costs the same whatever PostgreSQL thinks of the group's size.
const all = sql(
  'heart.replace_group',
  text(`m.value = any (array(
          select k.value from group_members k where k.organization_id = $1 and k.group_id = $3
          except
          select unnest($9::text[])))`),
);

/** Costs what comes and goes; only a replacement reads who is there. */
export async function updateGroup(
  tx: Tx,
  { organization, connection }: Place,
  group: { readonly id: GroupId; readonly at: Date } & GroupImage,
  change: MembersChange,
): Promise<GroupWritten> {
  // What is too much for one statement goes before it; what is little makes one trip.
  const most = change.add.slice(AT_ONCE);
  const before = await addMembers(tx, { organization, connection }, group, most);
  const [written] = await rows<GroupWritten>(tx, change.replaces ? all : some, [
    organization,
    connection,
    group.id,
    group.displayName,
    group.displayName.toLowerCase(),
    group.externalId,
    group.at,
    change.add.slice(0, AT_ONCE),
    change.replaces ? change.add : change.remove,
    before,
  ]);
  if (written === undefined) throw new TypeError('a statement that counts answered nothing');
  return written;
}

const remove = sql(
  'heart.remove_group',
  `with removed as (
     delete from group_members m where m.organization_id = $1 and m.group_id = $2 returning m.user_id),
   gone as (
     update groups g set deleted_at = $3, changed_at = $3, version = g.version + 1
      where g.organization_id = $1 and g.id = $2)
   select (select count(*)::integer from removed) as removed,
          array(select distinct user_id from removed where user_id is not null) as "left"`,
);

/** The group leaves every query, and its members leave it. */
export async function removeGroup(
  tx: Tx,
  organization: OrganizationId,
  group: GroupId,
  at: Date,
): Promise<Pick<GroupWritten, 'removed' | 'left'>> {
  const [written] = await rows<Pick<GroupWritten, 'removed' | 'left'>>(tx, remove, [
    organization,
    group,
    at,
  ]);
  if (written === undefined) throw new TypeError('a statement that counts answered nothing');
  return written;
}
