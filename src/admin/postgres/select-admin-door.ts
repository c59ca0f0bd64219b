import type { OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { AdminKeyId } from '../principal.js';
import type { Role } from '../roles.js';

export interface AdminDoorRow {
  readonly organization_id: OrganizationId | null;
  readonly role: Role;
  readonly digest: Uint8Array;
  readonly is_live: boolean;
  /** Whether the organization that the path names exists. */
  readonly has_organization: boolean;
}

// The key's organization is no argument here: the credential is what decides it.
const statement = sql(
  'admin.door',
  `select organization_id, role, digest, revoked_at is null as is_live,
          exists (select from organizations where id = $2) as has_organization
     from admin_keys where id = $1`,
);

export async function selectAdminDoor(
  tx: Tx,
  key: AdminKeyId,
  organization: OrganizationId | null,
): Promise<AdminDoorRow | null> {
  const [row] = await rows<AdminDoorRow>(tx, statement, [key, organization]);
  return row ?? null;
}
