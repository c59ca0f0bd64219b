import type { ApiKeyId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

const statement = sql(
  'api_keys.is_live',
  'select revoked_at is null as live from api_keys where organization_id = $1 and id = $2',
);

/** Whether the key may still be used. */
export async function isLive(tx: Tx, organization: OrganizationId, id: ApiKeyId): Promise<boolean> {
  const [row] = await rows<{ live: boolean }>(tx, statement, [organization, id]);
  return row?.live ?? false;
}
