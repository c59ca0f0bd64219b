import type { ConnectionId, GroupId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { AccessGroup } from '../groups.js';

const statement = sql(
  'directory.list_access_groups',
  `select a.group_id, a.connection_id, g.display_name, a.added_at, g.deleted_at,
          (select count(*)::integer from group_members m
            where m.organization_id = a.organization_id and m.group_id = a.group_id) as members
     from access_groups a
     join groups g on g.organization_id = a.organization_id and g.id = a.group_id
    where a.organization_id = $1
    order by a.added_at, a.group_id`,
);

interface Row {
  readonly group_id: GroupId;
  readonly connection_id: ConnectionId;
  readonly display_name: string;
  readonly members: number;
  readonly added_at: Date;
  readonly deleted_at: Date | null;
}

export const listAccessGroups = async (
  tx: Tx,
  organization: OrganizationId,
): Promise<readonly AccessGroup[]> =>
  (await rows<Row>(tx, statement, [organization])).map((row) => ({
    id: row.group_id,
    connection: row.connection_id,
    displayName: row.display_name,
    members: row.members,
    addedAt: row.added_at,
    deletedAt: row.deleted_at,
  }));
