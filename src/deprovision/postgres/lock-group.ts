import type { ConnectionId, GroupId, OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { MembersChange, StoredGroup } from '../domain/group-change.js';

/** A group of a connection; null: one that is to be made. */
export interface GroupPlace {
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
  readonly group: GroupId | null;
}

/** Locks of single names and people that one change may hold: the lock table of PostgreSQL is for everybody. */
const FEW = 300;

const reach = sql('heart.group_reach', 'select group_reach($1, $2, $3, $4::jsonb) as reach');
const lock = sql('heart.lock_group', 'select lock_group($1, $2, $3, $4, $5::jsonb) as before');

/**
 * Whether a change reaches too many for locks of their own: then it has the organization alone. Looked at before any lock,
 * since a shared one could not be made stronger; what comes in between only makes it a few more or less.
 */
async function reachesMany(tx: Tx, place: GroupPlace, change: MembersChange): Promise<boolean> {
  if (!change.replaces && change.add.length + change.remove.length <= FEW) return false;
  const [row] = await rows<{ reach: string }>(tx, reach, [...whichOf(place), bodyOf(change)]);
  return Number(row?.reach) > FEW;
}

/** The group, locked with whom it waits for. Null when the connection has no such living group. */
export async function lockGroup(
  tx: Tx,
  place: GroupPlace,
  change: MembersChange,
): Promise<{
  readonly at: Date;
  readonly group: StoredGroup | null;
  /** Whether access comes from it. */
  readonly givesAccess: boolean;
  /** Then: those whom the change reaches. */
  readonly people: readonly UserId[];
} | null> {
  const isAlone = await reachesMany(tx, place, change);
  const [row] = await rows<{ before: LockedRow | null }>(tx, lock, [
    ...whichOf(place),
    isAlone,
    bodyOf(change),
  ]);
  const before = row?.before ?? null;
  return before === null
    ? null
    : {
        at: new Date(before.at),
        group: before.group === null ? null : groupOf(before.group),
        givesAccess: before.gives_access,
        people: before.people,
      };
}

const whichOf = ({ organization, connection, group }: GroupPlace): readonly (string | null)[] => [
  organization,
  connection,
  group,
];

const bodyOf = ({ replaces, add, remove }: MembersChange): string =>
  JSON.stringify({ replaces, add, remove });

interface LockedRow {
  readonly at: string;
  readonly group: GroupRow | null;
  readonly gives_access: boolean;
  readonly people: readonly UserId[];
}

interface GroupRow {
  readonly id: GroupId;
  readonly display_name: string;
  readonly external_id: string | null;
  readonly version: number;
  readonly created_at: string;
  readonly changed_at: string;
}

const groupOf = (row: GroupRow): StoredGroup => ({
  id: row.id,
  displayName: row.display_name,
  externalId: row.external_id,
  version: row.version,
  createdAt: new Date(row.created_at),
  changedAt: new Date(row.changed_at),
});
