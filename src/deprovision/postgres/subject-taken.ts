import type { OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { Identity } from '../domain/plan.js';

const subjectTaken = sql(
  'heart.subject_taken',
  'select subject_taken($1, $2, $3::text[]) as taken',
);

/** Whether somebody else bears one of these names of issuers. The caller holds the names' locks. */
export async function isSubjectTaken(
  tx: Tx,
  organization: OrganizationId,
  user: UserId | null,
  names: readonly Identity[],
): Promise<boolean> {
  const subjects = names.flatMap(({ kind, value }) => (kind === 'iss_sub' ? [value] : []));
  if (subjects.length === 0) return false;
  const [row] = await rows<{ readonly taken: boolean }>(tx, subjectTaken, [
    organization,
    user,
    subjects,
  ]);
  if (row === undefined) throw new TypeError('the look answered nothing');
  return row.taken;
}
