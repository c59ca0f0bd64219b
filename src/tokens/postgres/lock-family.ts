import { ACCESS_TTL_S, type Generations } from '../../contract/access-token.js';
import type { Policy } from '../../contract/lease.js';
import type { DeviceId, FamilyId, OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { Family } from '../domain/family.js';
import { NOBODY, type Standings } from '../domain/standing.js';

const statement = sql('tokens.lock_family', 'select lock_family($1, $2) as locked');

interface LockedRow extends Standings {
  readonly at: string;
  readonly owner: UserId | null;
  readonly device_id: DeviceId;
  readonly device_identifier: string;
  readonly issued: Generations;
  readonly scopes: readonly string[];
  readonly access_ttl_s: number | null;
  readonly policy: Policy | null;
  readonly bootstrap_expires_at: string;
  readonly redeemed_at: string | null;
  readonly counter: number;
  readonly refresh_digest: string | null;
  readonly refreshed_at: string | null;
  readonly expires_at: string;
  readonly revoked_kids: readonly string[];
}

const time = (text: string | null): Date | null => (text === null ? null : new Date(text));

/**
 * Locks a device token and all that it stands on, then reads it. Null when the organization has none of this id.
 */
export async function lockFamily(
  tx: Tx,
  organization: OrganizationId,
  id: FamilyId,
): Promise<Family | null> {
  const [row] = await rows<{ locked: LockedRow | null }>(tx, statement, [organization, id]);
  const locked = row?.locked ?? null;
  if (locked === null) return null;
  return {
    id,
    organization,
    at: new Date(locked.at),
    owner: locked.owner,
    device: locked.device_id,
    deviceIdentifier: locked.device_identifier,
    issued: locked.issued,
    standings: {
      org: locked.org,
      user: locked.owner === null ? NOBODY : locked.user,
      device: locked.device,
      family: locked.family,
    },
    scopes: locked.scopes,
    accessTtlS: locked.access_ttl_s ?? ACCESS_TTL_S,
    policy: locked.policy,
    bootstrapExpiresAt: new Date(locked.bootstrap_expires_at),
    redeemedAt: time(locked.redeemed_at),
    counter: locked.counter,
    refreshDigest:
      locked.refresh_digest === null ? null : Buffer.from(locked.refresh_digest, 'hex'),
    refreshedAt: time(locked.refreshed_at),
    expiresAt: new Date(locked.expires_at),
    revokedKids: locked.revoked_kids,
  };
}
