import type { Policy } from '../../contract/lease.js';
import type { OrganizationId } from '../../kernel/ids.js';
import type { Organization } from '../organizations.js';

export interface OrganizationRow {
  readonly id: OrganizationId;
  readonly name: string;
  readonly allow_ownerless: boolean;
  readonly policy: Policy | null;
  readonly created_at: Date;
}

export const organizationOf = (row: OrganizationRow): Organization => ({
  id: row.id,
  name: row.name,
  allowOwnerless: row.allow_ownerless,
  policy: row.policy,
  createdAt: row.created_at,
});
