import type { OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

const statement = sql(
  'directory.is_active_person',
  `select exists (
     select from resources
      where organization_id = $1 and user_id = $2 and active and deleted_at is null) as is_active`,
);

export async function isActivePerson(
  tx: Tx,
  organization: OrganizationId,
  id: UserId,
): Promise<boolean> {
  const [row] = await rows<{ is_active: boolean }>(tx, statement, [organization, id]);
  return row?.is_active ?? false;
}
