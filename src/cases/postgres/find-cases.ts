import type { CaseId, OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { CaseName } from '../cases.js';
import type { Case } from '../domain/case.js';
import { CASE_COLUMNS, caseOf, type CaseRow } from './case-rows.js';

const one = sql(
  'cases.get',
  `select ${CASE_COLUMNS} from cases where id = $2 and organization_id is not distinct from $1::uuid`,
);

export async function getCase(
  tx: Tx,
  organization: OrganizationId | null,
  id: CaseId,
): Promise<Case | null> {
  const [row] = await rows<CaseRow>(tx, one, [organization, id]);
  return row === undefined ? null : caseOf(row);
}

const these = sql(
  'cases.these',
  `select ${CASE_COLUMNS} from cases
     join unnest($1::uuid[], $2::uuid[]) as n (named, its) on id = n.named and organization_id is not distinct from n.its`,
);

export async function getCases(tx: Tx, names: readonly CaseName[]): Promise<readonly Case[]> {
  const found = await rows<CaseRow>(tx, these, [
    names.map(({ id }) => id),
    names.map(({ organization }) => organization),
  ]);
  return found.map(caseOf);
}

const page = sql(
  'cases.list',
  `select ${CASE_COLUMNS} from cases
    where organization_id = $1 and ($2::uuid is null or user_id = $2) and ($3::uuid is null or id < $3)
    order by id desc limit $4`,
);

/** Newest first; ids sort by the time they were made. */
export async function listCases(
  tx: Tx,
  organization: OrganizationId,
  which: { readonly user: UserId | null; readonly before: CaseId | null; readonly limit: number },
): Promise<readonly Case[]> {
  const found = await rows<CaseRow>(tx, page, [
    organization,
    which.user,
    which.before,
    which.limit,
  ]);
  return found.map(caseOf);
}
