import type { Generations } from '../../contract/access-token.js';
import type { ApiKeyId, DeviceId, FamilyId, OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

const statement = sql(
  'tokens.insert_family',
  `with subject as (
     insert into subject_generations (organization_id, scope, subject_id, generation, changed_at)
     values ($1, 'family', $2, $9, $11))
   insert into device_tokens (organization_id, id, user_id, device_id, api_key_id, gen_o, gen_u, gen_d, gen_f,
                              bootstrap_digest, created_at, bootstrap_expires_at, expires_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
);

export interface NewFamily {
  readonly id: FamilyId;
  readonly organization: OrganizationId;
  readonly owner: UserId | null;
  readonly device: DeviceId;
  readonly apiKey: ApiKeyId;
  readonly issued: Generations;
  readonly bootstrapDigest: Uint8Array;
  readonly at: Date;
  readonly bootstrapExpiresAt: Date;
  readonly expiresAt: Date;
}

/** A device token that waits for its bootstrap token, and the generation row that can end it. */
export async function insertFamily(tx: Tx, family: NewFamily): Promise<void> {
  const { issued } = family;
  await rows(tx, statement, [
    family.organization,
    family.id,
    family.owner,
    family.device,
    family.apiKey,
    issued.o,
    issued.u,
    issued.d,
    issued.f,
    family.bootstrapDigest,
    family.at,
    family.bootstrapExpiresAt,
    family.expiresAt,
  ]);
}
