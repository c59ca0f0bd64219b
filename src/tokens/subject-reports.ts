import type { CaseId, OrganizationId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';

export interface ReportedHold {
  readonly name: string;
  /** When it was set, the primary's clock. */
  readonly setAt: Date;
  /** When what set it had happened, the sender's clock. */
  readonly eventAt: Date;
  readonly case: CaseId | null;
}

/** Where a subject stands, for people to read. Nothing is decided by it. */
export interface SubjectReport {
  readonly generation: number;
  readonly holds: readonly ReportedHold[];
  /** Device tokens that could still be redeemed or refreshed. */
  readonly liveTokens: number;
  /** The same by the other side of the pair: a user's by device, a device's by user. */
  readonly liveTokensBy: ReadonlyMap<string, number>;
}

export abstract class SubjectReports {
  /** The holds of each of these organizations; one that does not exist is missing. */
  abstract holdsOf(
    tx: Tx,
    organizations: readonly OrganizationId[],
  ): Promise<ReadonlyMap<OrganizationId, readonly ReportedHold[]>>;

  /** One report for each id that the organization has; the others are missing. */
  abstract of(
    tx: Tx,
    organization: OrganizationId,
    scope: 'user' | 'device',
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, SubjectReport>>;
}
