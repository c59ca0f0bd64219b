import type { ApiKeyId, OrganizationId } from '../../kernel/ids.js';
import type { ApiKeyScope } from '../api-key-scopes.js';
import type { ApiKey } from '../api-keys.js';

export interface ApiKeyRow {
  readonly id: ApiKeyId;
  readonly organization_id: OrganizationId;
  readonly name: string;
  readonly scopes: readonly ApiKeyScope[];
  readonly created_at: Date;
  readonly revoked_at: Date | null;
}

export const apiKeyOf = (row: ApiKeyRow): ApiKey => ({
  id: row.id,
  organization: row.organization_id,
  name: row.name,
  scopes: row.scopes,
  createdAt: row.created_at,
  revokedAt: row.revoked_at,
});
