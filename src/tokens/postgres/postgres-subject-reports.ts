import type { OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { SubjectReports, type ReportedHold, type SubjectReport } from '../subject-reports.js';
import { countLiveTokens } from './count-live-tokens.js';
import { organizationHolds } from './organization-holds.js';
import { subjectStandings, type StandingRow } from './subject-standings.js';

export class PostgresSubjectReports extends SubjectReports {
  override async holdsOf(
    tx: Tx,
    organizations: readonly OrganizationId[],
  ): Promise<ReadonlyMap<OrganizationId, readonly ReportedHold[]>> {
    const standings = await organizationHolds(tx, organizations);
    return new Map(standings.map((row) => [row.organization_id, holdsIn(row)]));
  }

  override async of(
    tx: Tx,
    organization: OrganizationId,
    scope: 'user' | 'device',
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, SubjectReport>> {
    const standings = await subjectStandings(tx, organization, scope, ids);
    const counts = await countLiveTokens(tx, organization, scope, ids);
    return new Map(
      standings.map((row) => {
        const own = counts.filter(
          (count) => (scope === 'user' ? count.user_id : count.device_id) === row.subject_id,
        );
        return [row.subject_id, reportOf(row, scope, own)];
      }),
    );
  }
}

const holdsIn = ({ holds }: Pick<StandingRow, 'holds'>): readonly ReportedHold[] =>
  Object.entries(holds).map(([name, hold]) => ({
    name,
    setAt: new Date(hold.set_at),
    eventAt: new Date(hold.event_at),
    case: hold.case,
  }));

function reportOf(
  row: StandingRow,
  scope: 'user' | 'device',
  counts: readonly { user_id: string | null; device_id: string; live: number }[],
): SubjectReport {
  return {
    generation: Number(row.generation),
    holds: holdsIn(row),
    liveTokens: counts.reduce((sum, { live }) => sum + live, 0),
    liveTokensBy: new Map(
      counts.flatMap(({ user_id, device_id, live }) => {
        const other = scope === 'user' ? device_id : user_id;
        return other === null ? [] : [[other, live] as const];
      }),
    ),
  };
}
