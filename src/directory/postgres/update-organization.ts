import type { OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { OrganizationChange } from '../organizations.js';
import type { OrganizationRow } from './organization-row.js';

const statement = sql(
  'directory.update_organization',
  `update organizations
      set name = coalesce($2, name), allow_ownerless = coalesce($3, allow_ownerless),
          policy = case when $4 then $5 else policy end
    where id = $1
    returning id, name, allow_ownerless, policy, created_at, clock_timestamp() as changed_at`,
);

/** @returns null when there is no such organization */
export async function updateOrganization(
  tx: Tx,
  id: OrganizationId,
  change: OrganizationChange,
): Promise<(OrganizationRow & { readonly changed_at: Date }) | null> {
  const [row] = await rows<OrganizationRow & { changed_at: Date }>(tx, statement, [
    id,
    change.name ?? null,
    change.allowOwnerless ?? null,
    change.policy !== undefined,
    change.policy ?? null,
  ]);
  return row ?? null;
}
