import type { DeviceId, FamilyId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

// The one read without an organization: the credential decides which organization it is.
const statement = sql(
  'tokens.find_credential',
  'select organization_id, device_id, bootstrap_digest from device_tokens where id = $1',
);

export interface Credential {
  readonly organization: OrganizationId;
  readonly device: DeviceId;
  readonly bootstrapDigest: Uint8Array;
}

interface CredentialRow {
  readonly organization_id: OrganizationId;
  readonly device_id: DeviceId;
  readonly bootstrap_digest: Buffer;
}

/** Whose a presented secret claims to be. Nothing is proven yet. */
export async function findCredential(tx: Tx, id: FamilyId): Promise<Credential | null> {
  const [row] = await rows<CredentialRow>(tx, statement, [id]);
  return row === undefined
    ? null
    : {
        organization: row.organization_id,
        device: row.device_id,
        bootstrapDigest: row.bootstrap_digest,
      };
}
