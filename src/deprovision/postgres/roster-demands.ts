import type { OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { RosterDemand } from '../rosters.js';

interface Row {
  readonly organization_id: OrganizationId;
  readonly epoch: string;
  readonly demanded_at: Date;
  readonly reconciled_at: Date | null;
}

const COLUMNS = 'organization_id, epoch, demanded_at, reconciled_at';

const demandOf = (row: Row): RosterDemand => ({
  organization: row.organization_id,
  epoch: Number(row.epoch),
  demandedAt: row.demanded_at,
  confirmedAt: row.reconciled_at,
});

const open = sql(
  'rosters.open',
  `select distinct on (organization_id) ${COLUMNS} from roster_demands
    where reconciled_at is null and ($1::uuid is null or organization_id < $1)
    order by organization_id desc, epoch desc limit $2`,
);

/** The last open demand of each organization, the newest organization first. */
export const openDemands = async (
  tx: Tx,
  before: OrganizationId | null,
  limit: number,
): Promise<RosterDemand[]> => (await rows<Row>(tx, open, [before, limit])).map(demandOf);

const of = sql(
  'rosters.of',
  `select ${COLUMNS} from roster_demands where organization_id = $1 order by epoch desc`,
);

export const demandsOf = async (tx: Tx, organization: OrganizationId): Promise<RosterDemand[]> =>
  (await rows<Row>(tx, of, [organization])).map(demandOf);

const confirm = sql(
  'rosters.confirm',
  `update roster_demands set reconciled_at = $3
    where organization_id = $1 and epoch <= $2 and reconciled_at is null
      and exists (select from roster_demands named where named.organization_id = $1 and named.epoch = $2)
   returning ${COLUMNS}`,
);

/** @returns those that were open until now */
export const confirmDemands = async (
  tx: Tx,
  roster: { readonly organization: OrganizationId; readonly epoch: number },
  at: Date,
): Promise<RosterDemand[]> =>
  (await rows<Row>(tx, confirm, [roster.organization, roster.epoch, at])).map(demandOf);

const count = sql(
  'rosters.count_open',
  `select count(distinct organization_id)::integer as open from roster_demands where reconciled_at is null`,
);

export async function countOpenDemands(tx: Tx): Promise<number> {
  const [row] = await rows<{ readonly open: number }>(tx, count);
  return row?.open ?? 0;
}
