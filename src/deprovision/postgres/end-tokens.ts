import type { CauseKind, GenerationScope } from '../../contract/revocation-record.js';
import type { CaseId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { sql, touch } from '../../platform/postgres/rows.js';

// One statement per scope, so that each is answered by its own index.
const text = (condition: string) =>
  `update device_tokens set revoked_at = $3, revoked_cause = $4, revoked_case = $5
    where organization_id = $1 and ${condition} and revoked_at is null`;

const statements = {
  org: sql('heart.end_tokens_of_org', text('$2::uuid = organization_id')),
  user: sql('heart.end_tokens_of_user', text('user_id = $2')),
  device: sql('heart.end_tokens_of_device', text('device_id = $2')),
  family: sql('heart.end_tokens_of_family', text('id = $2')),
  api_key: sql('heart.end_tokens_of_api_key', text('api_key_id = $2')),
} as const satisfies Record<GenerationScope | 'api_key', unknown>;

/** Marks what a subject's generation has ended, for reports: the generation itself decides. */
export async function endTokens(
  tx: Tx,
  subject: {
    readonly organization: OrganizationId;
    readonly scope: GenerationScope | 'api_key';
    readonly id: string;
  },
  end: { readonly at: Date; readonly cause: CauseKind; readonly case: CaseId },
): Promise<number> {
  return touch(tx, statements[subject.scope], [
    subject.organization,
    subject.id,
    end.at,
    end.cause,
    end.case,
  ]);
}
