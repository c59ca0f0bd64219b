import type { DeviceId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { DeviceFilter } from '../devices.js';
import type { PageOf } from '../page.js';

export interface DeviceRow {
  readonly id: DeviceId;
  readonly device_id: string;
  readonly name: string | null;
  readonly created_at: Date;
}

const statement = sql(
  'directory.list_devices',
  `select d.id, d.device_id, d.name, d.created_at from devices d
    where d.organization_id = $1 and ($2::uuid is null or d.id < $2)
      and ($4::text is null or d.device_id = $4)
      and ($5::uuid is null or exists (
        select from assignments a
         where a.organization_id = d.organization_id and a.device_id = d.id and a.user_id = $5 and a.ended_at is null))
    order by d.id desc limit $3`,
);

const one = sql(
  'directory.select_device',
  `select id, device_id, name, created_at from devices where organization_id = $1 and id = $2`,
);

/** Newest first. */
export const listDevices = (
  tx: Tx,
  organization: OrganizationId,
  filter: DeviceFilter,
  page: PageOf<DeviceId>,
): Promise<DeviceRow[]> =>
  rows(tx, statement, [
    organization,
    page.cursor,
    page.limit,
    filter.deviceId ?? null,
    filter.user ?? null,
  ]);

export async function selectDevice(
  tx: Tx,
  organization: OrganizationId,
  id: DeviceId,
): Promise<DeviceRow | null> {
  const [row] = await rows<DeviceRow>(tx, one, [organization, id]);
  return row ?? null;
}
