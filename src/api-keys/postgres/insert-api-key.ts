import type { ApiKeyId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { ApiKey, NewApiKey } from '../api-keys.js';
import { apiKeyOf, type ApiKeyRow } from './api-key-row.js';

const statement = sql(
  'api_keys.insert',
  `insert into api_keys (organization_id, id, name, scopes, digest) values ($1, $2, $3, $4, $5)
   returning id, organization_id, name, scopes, created_at, revoked_at`,
);

export async function insertApiKey(
  tx: Tx,
  key: NewApiKey,
  secret: { readonly id: ApiKeyId; readonly digest: Uint8Array },
): Promise<ApiKey> {
  const [row] = await rows<ApiKeyRow>(tx, statement, [
    key.organization,
    secret.id,
    key.name,
    key.scopes,
    secret.digest,
  ]);
  if (row === undefined) throw new TypeError('the insert returned no row');
  return apiKeyOf(row);
}
