import type { OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { HeldSubject } from '../deprovision.js';

const statement = sql(
  'heart.remove_hold',
  `update subject_generations set holds = holds - $4::text, changed_at = clock_timestamp()
    where organization_id = $1 and scope = $2 and subject_id = $3 and holds ? $4::text
   returning changed_at as at, holds`,
);

/** Removes one hold of one subject. Null when there is no such hold. */
export async function removeHold(
  tx: Tx,
  organization: OrganizationId,
  subject: HeldSubject,
  name: string,
): Promise<{ readonly at: Date; readonly remaining: readonly string[] } | null> {
  const [row] = await rows<{ at: Date; holds: object }>(tx, statement, [
    organization,
    subject.scope,
    subject.id,
    name,
  ]);
  return row === undefined ? null : { at: row.at, remaining: Object.keys(row.holds) };
}
