import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { NewAdminKey } from '../admin-keys.js';
import type { AdminKeyId } from '../principal.js';
import type { AdminKeyRow } from './admin-key-row.js';

const statement = sql(
  'admin.insert_admin_key',
  `insert into admin_keys (id, organization_id, name, role, digest)
   select $2, $1, $3, $4, $5
    where $1::uuid is null or exists (select from organizations where id = $1)
   on conflict (id) do nothing
   returning id, organization_id, name, role, created_at, revoked_at`,
);

/** @returns null when there is no such organization, or a key of this id */
export async function insertAdminKey(
  tx: Tx,
  id: AdminKeyId,
  key: NewAdminKey,
  digest: Uint8Array,
): Promise<AdminKeyRow | null> {
  const [row] = await rows<AdminKeyRow>(tx, statement, [
    key.organization,
    id,
    key.name,
    key.role,
    digest,
  ]);
  return row ?? null;
}
