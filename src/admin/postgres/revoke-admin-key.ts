import type { OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { AdminKeyId } from '../principal.js';

const statement = sql(
  'admin.revoke_admin_key',
  `update admin_keys set revoked_at = clock_timestamp()
    where organization_id is not distinct from $1 and id = $2 and revoked_at is null
   returning revoked_at`,
);

/** @returns when, or null when there is no such key that lives */
export async function revokeAdminKey(
  tx: Tx,
  organization: OrganizationId | null,
  id: AdminKeyId,
): Promise<Date | null> {
  const [row] = await rows<{ revoked_at: Date }>(tx, statement, [organization, id]);
  return row?.revoked_at ?? null;
}
