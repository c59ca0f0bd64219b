import type { Tx } from '../../kernel/tx.js';
import { sql, touch } from '../../platform/postgres/rows.js';
import type { Family } from '../domain/family.js';

const statement = sql(
  'tokens.rotate_family',
  `update device_tokens
      set counter = counter + 1, refresh_digest = $4, refreshed_at = $3
    where organization_id = $1 and id = $2 and counter = $5`,
);

/** Puts the successor in the place of the present refresh secret. @returns false when somebody else had done so */
export async function rotateFamily(
  tx: Tx,
  family: Family,
  successorDigest: Uint8Array,
): Promise<boolean> {
  const changed = await touch(tx, statement, [
    family.organization,
    family.id,
    family.at,
    successorDigest,
    family.counter,
  ]);
  return changed === 1;
}
