import type { OrganizationId } from '../../kernel/ids.js';
import type { AdminKey } from '../admin-keys.js';
import type { AdminKeyId } from '../principal.js';
import type { Role } from '../roles.js';

export interface AdminKeyRow {
  readonly id: AdminKeyId;
  readonly organization_id: OrganizationId | null;
  readonly name: string;
  readonly role: Role;
  readonly created_at: Date;
  readonly revoked_at: Date | null;
}

export const adminKeyOf = (row: AdminKeyRow): AdminKey => ({
  id: row.id,
  organization: row.organization_id,
  name: row.name,
  role: row.role,
  createdAt: row.created_at,
  revokedAt: row.revoked_at,
});
