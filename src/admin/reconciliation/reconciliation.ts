import type { ConnectionId, Id, OrganizationId, UserId } from '../../kernel/ids.js';
import type { Comparison } from './judge-apply.js';

export type ReconciliationId = Id<'reconciliation'>;

/** A roster compared with whom its connection has told us of. */
export interface Reconciliation extends Comparison {
  readonly id: ReconciliationId;
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
  readonly createdAt: Date;
  /** base64url(SHA-256) of the roster's bytes. */
  readonly digest: string;
  /** When the last of those with live tokens had been revoked; null when that was not asked for or did not end. */
  readonly appliedAt: Date | null;
  /** How many of them have been. */
  readonly revoked: number;
}

/** Somebody who holds live tokens and is not on the roster. */
export interface Finding {
  readonly user: UserId;
  readonly isActive: boolean;
  readonly liveTokens: number;
  readonly case: string | null;
}
