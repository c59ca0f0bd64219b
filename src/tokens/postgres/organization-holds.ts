import type { OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { StandingRow } from './subject-standings.js';

export interface OrganizationHoldsRow extends Pick<StandingRow, 'holds'> {
  readonly organization_id: OrganizationId;
}

const statement = sql(
  'tokens.organization_holds',
  `select organization_id, holds from subject_generations
    where organization_id = any($1::uuid[]) and scope = 'org' and subject_id = organization_id`,
);

export const organizationHolds = (
  tx: Tx,
  organizations: readonly OrganizationId[],
): Promise<OrganizationHoldsRow[]> => rows(tx, statement, [organizations]);
