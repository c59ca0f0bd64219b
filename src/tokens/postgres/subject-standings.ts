import type { CaseId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

export interface StandingRow {
  readonly subject_id: string;
  readonly generation: string;
  readonly holds: Readonly<
    Record<
      string,
      { readonly set_at: string; readonly event_at: string; readonly case: CaseId | null }
    >
  >;
}

const statement = sql(
  'tokens.subject_standings',
  `select subject_id, generation, holds from subject_generations
    where organization_id = $1 and scope = $2 and subject_id = any($3::uuid[])`,
);

export const subjectStandings = (
  tx: Tx,
  organization: OrganizationId,
  scope: 'user' | 'device',
  ids: readonly string[],
): Promise<StandingRow[]> => rows(tx, statement, [organization, scope, ids]);
