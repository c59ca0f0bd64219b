import type { ConnectionId, GroupId, OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';

interface Place {
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
}

const lock = sql('heart.lock_access_group', 'select lock_access_group($1, $2) as before');

interface LockedRow {
  readonly at: string;
  readonly connection: ConnectionId;
  readonly is_living: boolean;
}

/** The organization alone: nobody comes or goes until `tx` ends. Null when it has no such group. */
export async function lockAccessGroup(
  tx: Tx,
  organization: OrganizationId,
  group: GroupId,
): Promise<{
  readonly at: Date;
  readonly connection: ConnectionId;
  readonly isLiving: boolean;
} | null> {
  const [row] = await rows<{ before: LockedRow | null }>(tx, lock, [organization, group]);
  const before = row?.before ?? null;
  return (
    before && {
      at: new Date(before.at),
      connection: before.connection,
      isLiving: before.is_living,
    }
  );
}

const insert = sql(
  'heart.insert_access_group',
  `insert into access_groups (organization_id, connection_id, group_id, added_at) values ($1, $2, $3, $4)
   on conflict do nothing`,
);

/** @returns false when it was one before */
export const insertAccessGroup = async (
  tx: Tx,
  { organization, connection }: Place,
  group: GroupId,
  at: Date,
): Promise<boolean> => (await touch(tx, insert, [organization, connection, group, at])) > 0;

const remove = sql(
  'heart.delete_access_group',
  `delete from access_groups where organization_id = $1 and group_id = $2`,
);

/** @returns false when it was none */
export const deleteAccessGroup = async (
  tx: Tx,
  organization: OrganizationId,
  group: GroupId,
): Promise<boolean> => (await touch(tx, remove, [organization, group])) > 0;

const outsiders = sql('heart.lock_outsiders', 'select lock_outsiders($1, $2) as people');

/** People of the connection who have no place and are not held for it, locked. */
export async function lockOutsiders(
  tx: Tx,
  { organization, connection }: Place,
): Promise<readonly UserId[]> {
  const [row] = await rows<{ people: readonly UserId[] }>(tx, outsiders, [
    organization,
    connection,
  ]);
  return row?.people ?? [];
}

const heldMembers = sql(
  'heart.lock_members_held',
  'select lock_members_held($1, $2, $3) as people',
);

/** Members of the group who are held for having no place, locked. */
export async function lockMembersHeld(
  tx: Tx,
  { organization, connection }: Place,
  group: GroupId,
): Promise<readonly UserId[]> {
  const [row] = await rows<{ people: readonly UserId[] }>(tx, heldMembers, [
    organization,
    connection,
    group,
  ]);
  return row?.people ?? [];
}

const count = sql(
  'heart.count_outsiders',
  'select cardinality(access_outsiders($1, $2)) as outside',
);

export async function countOutsiders(tx: Tx, { organization, connection }: Place): Promise<number> {
  const [row] = await rows<{ outside: number }>(tx, count, [organization, connection]);
  return row?.outside ?? 0;
}
