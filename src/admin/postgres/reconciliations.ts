import type { CaseId, OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';
import type {
  Finding,
  Reconciliation,
  ReconciliationId,
} from '../reconciliation/reconciliation.js';

const insert = sql(
  'admin.insert_reconciliation',
  `insert into reconciliations (id, organization_id, connection_id, created_at, roster_rows, roster_present,
                                roster_unreadable, roster_digest, people, missing, with_live_tokens)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
);

export const insertReconciliation = (tx: Tx, made: Reconciliation): Promise<number> =>
  touch(tx, insert, [
    ...[made.id, made.organization, made.connection, made.createdAt],
    ...[made.rows, made.present, made.unreadable, made.digest],
    ...[made.people, made.missing, made.withLiveTokens],
  ]);

const select = sql(
  'admin.select_reconciliation',
  `select r.id, r.organization_id as organization, r.connection_id as connection, r.created_at as "createdAt",
          r.roster_rows::float8 as rows, r.roster_present::float8 as present, r.roster_unreadable::float8 as unreadable,
          r.roster_digest as digest, r.people::float8 as people, r.missing::float8 as missing,
          r.with_live_tokens::float8 as "withLiveTokens", r.applied_at as "appliedAt",
          (select count(*)::float8 from reconciliation_findings f
            where f.reconciliation_id = r.id and f.case_id is not null) as revoked
     from reconciliations r where r.organization_id = $1 and r.connection_id = $2 and r.id = $3`,
);

export async function selectReconciliation(
  tx: Tx,
  { organization, connection, id }: Pick<Reconciliation, 'organization' | 'connection' | 'id'>,
): Promise<Reconciliation | null> {
  const [row] = await rows<Reconciliation>(tx, select, [organization, connection, id]);
  return row ?? null;
}

const insertAll = sql(
  'admin.insert_findings',
  `insert into reconciliation_findings (organization_id, reconciliation_id, user_id, is_active, live_tokens)
   select $1, $2, f.user, f."isActive", f."liveTokens"
     from jsonb_to_recordset($3::jsonb) as f ("user" uuid, "isActive" boolean, "liveTokens" integer)
   on conflict do nothing`,
);

export const insertFindings = (
  tx: Tx,
  at: { readonly organization: OrganizationId; readonly id: ReconciliationId },
  findings: readonly Omit<Finding, 'case'>[],
): Promise<number> => touch(tx, insertAll, [at.organization, at.id, JSON.stringify(findings)]);

const page = sql(
  'admin.list_findings',
  `select user_id as user, is_active as "isActive", live_tokens as "liveTokens", case_id as case
     from reconciliation_findings
    where organization_id = $1 and reconciliation_id = $2 and ($3::uuid is null or user_id > $3)
    order by user_id limit $4`,
);

export const listFindings = (
  tx: Tx,
  at: { readonly organization: OrganizationId; readonly id: ReconciliationId },
  { after, limit }: { readonly after: string | null; readonly limit: number },
): Promise<Finding[]> => rows(tx, page, [at.organization, at.id, after, limit]);

const mark = sql(
  'admin.mark_findings',
  `update reconciliation_findings f set case_id = m."case"
     from jsonb_to_recordset($2::jsonb) as m ("user" uuid, "case" uuid)
    where f.reconciliation_id = $1 and f.user_id = m."user" and f.case_id is null`,
);

export const markFindings = (
  tx: Tx,
  id: ReconciliationId,
  made: ReadonlyMap<UserId, CaseId>,
): Promise<number> => {
  const all = [...made].map(([user, madeCase]) => ({ user, case: madeCase }));
  return touch(tx, mark, [id, JSON.stringify(all)]);
};

const finish = sql(
  'admin.finish_reconciliation',
  'update reconciliations set applied_at = $2 where id = $1',
);

export const finishReconciliation = (tx: Tx, id: ReconciliationId, at: Date): Promise<number> =>
  touch(tx, finish, [id, at]);
