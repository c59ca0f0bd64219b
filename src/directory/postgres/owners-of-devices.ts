import type { DeviceId, OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

export interface OwnerRow {
  readonly device_id: DeviceId;
  readonly user_id: UserId;
  readonly assigned_at: Date;
}

const statement = sql(
  'directory.owners_of_devices',
  `select device_id, user_id, assigned_at from assignments
    where organization_id = $1 and device_id = any($2::uuid[]) and ended_at is null
    order by assigned_at, user_id`,
);

export const ownersOfDevices = (
  tx: Tx,
  organization: OrganizationId,
  devices: readonly DeviceId[],
): Promise<OwnerRow[]> => rows(tx, statement, [organization, devices]);
