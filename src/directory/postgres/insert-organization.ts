import type { OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { OrganizationRow } from './organization-row.js';

// The generation row is made with its subject: a missing one refuses.
const statement = sql(
  'directory.insert_organization',
  `with organization as (
     insert into organizations (id, name) values ($1, $2)
     returning id, name, allow_ownerless, policy, created_at
   ), generation as (
     insert into subject_generations (organization_id, scope, subject_id) values ($1, 'org', $1)
   )
   select * from organization`,
);

export async function insertOrganization(
  tx: Tx,
  id: OrganizationId,
  name: string,
): Promise<OrganizationRow> {
  const [row] = await rows<OrganizationRow>(tx, statement, [id, name]);
  if (row === undefined) throw new Error('an insert returned nothing');
  return row;
}
