import type { DeviceId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

const statement = sql(
  'directory.select_device_id',
  `select id from devices where organization_id = $1 and device_id = $2`,
);

export async function selectDeviceId(
  tx: Tx,
  organization: OrganizationId,
  deviceId: string,
): Promise<DeviceId | null> {
  const [row] = await rows<{ id: DeviceId }>(tx, statement, [organization, deviceId]);
  return row?.id ?? null;
}
