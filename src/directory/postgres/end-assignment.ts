import type { Tx } from '../../kernel/tx.js';
import { touch, sql } from '../../platform/postgres/rows.js';
import type { Assignment } from '../devices.js';

const statement = sql(
  'directory.end_assignment',
  `update assignments set ended_at = clock_timestamp()
    where organization_id = $1 and device_id = $2 and user_id = $3 and ended_at is null`,
);

/** @returns whether there was one */
export async function endAssignment(
  tx: Tx,
  { organization, device, user }: Assignment,
): Promise<boolean> {
  return (await touch(tx, statement, [organization, device, user])) > 0;
}
