import type { ApiKeyId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { ApiKeyScope } from '../api-key-scopes.js';

// The one read without an organization: the credential decides which organization it is.
const statement = sql(
  'api_keys.find_credential',
  'select organization_id, scopes, digest, revoked_at is null as live from api_keys where id = $1',
);

export interface Credential {
  readonly organization: OrganizationId;
  readonly scopes: readonly ApiKeyScope[];
  readonly digest: Uint8Array;
  readonly isLive: boolean;
}

interface CredentialRow {
  readonly organization_id: OrganizationId;
  readonly scopes: readonly ApiKeyScope[];
  readonly digest: Buffer;
  readonly live: boolean;
}

/** Whose a presented secret claims to be. Nothing is proven yet. */
export async function findCredential(tx: Tx, id: ApiKeyId): Promise<Credential | null> {
  const [row] = await rows<CredentialRow>(tx, statement, [id]);
  return row === undefined
    ? null
    : {
        organization: row.organization_id,
        scopes: row.scopes,
        digest: row.digest,
        isLive: row.live,
      };
}
