import { leastRaised } from '../../contract/generation.js';
import type { CauseKind } from '../../contract/revocation-record.js';
import type { CaseId, FamilyId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

const statement = sql(
  'tokens.raise_families',
  `with raised as (
     update subject_generations set generation = greatest(generation + 1, $6::bigint), changed_at = $3
      where organization_id = $1 and scope = 'family' and subject_id = any($2::uuid[]))
   update device_tokens set revoked_at = $3, revoked_cause = $4, revoked_case = $5
    where organization_id = $1 and id = any($2::uuid[]) and revoked_at is null`,
);

/** Ends device tokens, however many. The caller holds their generation rows for update. */
export async function raiseFamilies(
  tx: Tx,
  organization: OrganizationId,
  families: readonly FamilyId[],
  end: {
    readonly at: Date;
    readonly cause: CauseKind;
    readonly case: CaseId;
    readonly epoch: number;
  },
): Promise<void> {
  await rows(tx, statement, [
    organization,
    families,
    end.at,
    end.cause,
    end.case,
    leastRaised(end.epoch),
  ]);
}
