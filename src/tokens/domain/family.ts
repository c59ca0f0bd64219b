import type { Generations } from '../../contract/access-token.js';
import type { Policy } from '../../contract/lease.js';
import type { DeviceId, FamilyId, OrganizationId, UserId } from '../../kernel/ids.js';
import type { Standings } from './standing.js';

/** A device token, locked, as it stands at `at`. */
export interface Family {
  readonly id: FamilyId;
  readonly organization: OrganizationId;
  /** The primary's clock after the locks were held. */
  readonly at: Date;
  readonly owner: UserId | null;
  readonly device: DeviceId;
  /** The client's own string for the device. */
  readonly deviceIdentifier: string;
  /** The generations it was issued under. */
  readonly issued: Generations;
  readonly standings: Standings;
  readonly scopes: readonly string[];
  readonly accessTtlS: number;
  /** Of its organization; null when that asks for none. */
  readonly policy: Policy | null;
  readonly bootstrapExpiresAt: Date;
  /** Null until the bootstrap token has been used. */
  readonly redeemedAt: Date | null;
  /** How many times the refresh secret has been replaced. */
  readonly counter: number;
  readonly refreshDigest: Uint8Array | null;
  /** When the present refresh secret was made. */
  readonly refreshedAt: Date | null;
  readonly expiresAt: Date;
  /** Those of our keys, and of former ones, that sign nothing any more. */
  readonly revokedKids: readonly string[];
}
