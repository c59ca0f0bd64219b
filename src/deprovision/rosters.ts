import type { Asking } from '../directory/index.js';
import type { OrganizationId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';

/** After a recovery an organization's IdPs must say again who is there, and somebody must have looked that they did. */
export interface RosterDemand {
  readonly organization: OrganizationId;
  /** The epoch that the recovery began. */
  readonly epoch: number;
  readonly demandedAt: Date;
  readonly confirmedAt: Date | null;
}

export interface RosterPage {
  readonly items: readonly RosterDemand[];
  /** Null on the last page. */
  readonly next: OrganizationId | null;
}

export abstract class Rosters {
  /** What is still demanded, the last demand of each organization. */
  abstract open(page: {
    readonly cursor: OrganizationId | null;
    readonly limit: number;
  }): Promise<RosterPage>;

  /** Every demand that was ever made of an organization, the last one first. */
  abstract of(organization: OrganizationId): Promise<readonly RosterDemand[]>;

  /**
   * Somebody stands for it that the organization's IdPs have said who is there since the recovery that began
   * `epoch`; the demands before it are confirmed with it, a later one is not. Again does nothing.
   *
   * @param reason kept in the audit log for good
   * @throws DomainError `roster.unknown`
   */
  abstract confirm(
    roster: { readonly organization: OrganizationId; readonly epoch: number },
    reason: string,
    asking: Asking,
  ): Promise<RosterDemand>;

  /** Organizations of which a roster is still demanded. */
  abstract countOpen(tx: Tx): Promise<number>;
}
