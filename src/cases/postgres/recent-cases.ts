import type { CaseId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { CaseName } from '../cases.js';

const statement = sql(
  'cases.recent',
  `select id, organization_id from cases where id >= $1 order by id desc limit $2`,
);

/** Cases of the whole installation whose ids were made since then, the oldest first; of many the newest. */
export async function recentCases(tx: Tx, since: Date, limit: number): Promise<CaseName[]> {
  const found = await rows<{
    readonly id: CaseId;
    readonly organization_id: OrganizationId | null;
  }>(tx, statement, [firstIdAt(since), limit]);
  return found.map((row) => ({ id: row.id, organization: row.organization_id })).reverse();
}

/** The first UUIDv7 of a millisecond (RFC 9562 §5.7). */
function firstIdAt(at: Date): string {
  const hex = at.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
