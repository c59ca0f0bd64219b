import type { Tx } from '../../kernel/tx.js';
import { sql, touch } from '../../platform/postgres/rows.js';
import type { Family } from '../domain/family.js';

// The lock has let one of all parallel redeemers through; the guard keeps it so if somebody forgets the lock.
const statement = sql(
  'tokens.redeem_family',
  `update device_tokens
      set redeemed_at = $3, refreshed_at = $3, refresh_digest = $4, scopes = $5, access_ttl_s = $6
    where organization_id = $1 and id = $2 and redeemed_at is null`,
);

/** @returns false when it had been redeemed */
export async function redeemFamily(
  tx: Tx,
  family: Family,
  refreshDigest: Uint8Array,
): Promise<boolean> {
  const changed = await touch(tx, statement, [
    family.organization,
    family.id,
    family.at,
    refreshDigest,
    family.scopes,
    family.accessTtlS,
  ]);
  return changed === 1;
}
