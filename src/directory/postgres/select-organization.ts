import type { OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { OrganizationRow } from './organization-row.js';

const statement = sql(
  'directory.select_organization',
  `select id, name, allow_ownerless, policy, created_at from organizations where id = $1`,
);

export async function selectOrganization(
  tx: Tx,
  id: OrganizationId,
): Promise<OrganizationRow | null> {
  const [row] = await rows<OrganizationRow>(tx, statement, [id]);
  return row ?? null;
}
