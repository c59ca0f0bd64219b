import type { ApiKeyId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { ApiKey } from '../api-keys.js';
import { apiKeyOf, type ApiKeyRow } from './api-key-row.js';

const statement = sql(
  'api_keys.get',
  `select id, organization_id, name, scopes, created_at, revoked_at
     from api_keys where organization_id = $1 and id = $2`,
);

export async function getApiKey(
  tx: Tx,
  organization: OrganizationId,
  id: ApiKeyId,
): Promise<ApiKey | null> {
  const [row] = await rows<ApiKeyRow>(tx, statement, [organization, id]);
  return row === undefined ? null : apiKeyOf(row);
}
