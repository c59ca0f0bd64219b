import type { PageOf } from '../../directory/index.js';
import type { ApiKeyId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { ApiKey } from '../api-keys.js';
import { apiKeyOf, type ApiKeyRow } from './api-key-row.js';

// Ids are UUIDv7: their order is the order in which the keys were made.
const statement = sql(
  'api_keys.list',
  `select id, organization_id, name, scopes, created_at, revoked_at
     from api_keys
    where organization_id = $1 and ($2::uuid is null or id < $2)
    order by id desc
    limit $3`,
);

export async function listApiKeys(
  tx: Tx,
  organization: OrganizationId,
  page: PageOf<ApiKeyId>,
): Promise<ApiKey[]> {
  const found = await rows<ApiKeyRow>(tx, statement, [organization, page.cursor, page.limit]);
  return found.map(apiKeyOf);
}
