import type { DeviceId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

export interface NewDevice {
  readonly id: DeviceId;
  readonly organization: OrganizationId;
  readonly deviceId: string;
  readonly name: string | null;
}

// The generation row is made with its subject: a missing one refuses.
const statement = sql(
  'directory.insert_device',
  `with device as (
     insert into devices (id, organization_id, device_id, name)
     select $2, o.id, $3, $4 from organizations o where o.id = $1
     on conflict (organization_id, device_id) do nothing
     returning id, organization_id, created_at
   ), generation as (
     insert into subject_generations (organization_id, scope, subject_id)
     select organization_id, 'device', id from device
   )
   select created_at from device`,
);

/** @returns null when the organization has a device of this name, or does not exist */
export async function insertDevice(tx: Tx, device: NewDevice): Promise<Date | null> {
  const [row] = await rows<{ created_at: Date }>(tx, statement, [
    device.organization,
    device.id,
    device.deviceId,
    device.name,
  ]);
  return row?.created_at ?? null;
}
