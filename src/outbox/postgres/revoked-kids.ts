import type { CaseId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';

const all = sql('outbox.list-revoked-kids', `select kid from revoked_kids order by kid`);

export const listRevokedKids = async (tx: Tx): Promise<string[]> =>
  (await rows<{ readonly kid: string }>(tx, all)).map(({ kid }) => kid);

const caseOf = sql('outbox.case-of-kid', `select case_id from revoked_kids where kid = $1`);

/** The case that revoked it; null when it is not revoked. */
export async function caseOfKid(tx: Tx, kid: string): Promise<CaseId | null> {
  const [row] = await rows<{ readonly case_id: CaseId }>(tx, caseOf, [kid]);
  return row?.case_id ?? null;
}

const add = sql(
  'outbox.add-revoked-kid',
  `insert into revoked_kids (kid, case_id, revoked_at) values ($1, $2, $3)
   on conflict (kid) do nothing`,
);

/** @returns false when somebody else was first */
export const addRevokedKid = async (
  tx: Tx,
  kid: string,
  revocation: { readonly case: CaseId; readonly revokedAt: Date },
): Promise<boolean> => (await touch(tx, add, [kid, revocation.case, revocation.revokedAt])) === 1;
