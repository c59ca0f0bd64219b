import type { ConnectionId, DeviceId, OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

export interface PersonResourceRow {
  readonly user_id: UserId;
  readonly id: string;
  readonly connection_id: ConnectionId;
  readonly user_name: string;
  readonly external_id: string | null;
  readonly emails: readonly string[];
  readonly active: boolean;
  readonly changed_at: Date;
}

export interface HeldDeviceRow {
  readonly user_id: UserId;
  readonly id: DeviceId;
  readonly device_id: string;
  readonly name: string | null;
  readonly assigned_at: Date;
}

const resources = sql(
  'directory.resources_of_people',
  `select user_id, id, connection_id, user_name, external_id, emails, active, changed_at from resources
    where organization_id = $1 and user_id = any($2::uuid[]) and deleted_at is null
    order by created_at, id`,
);

const devices = sql(
  'directory.devices_of_people',
  `select a.user_id, d.id, d.device_id, d.name, a.assigned_at
     from assignments a
     join devices d on d.organization_id = a.organization_id and d.id = a.device_id
    where a.organization_id = $1 and a.user_id = any($2::uuid[]) and a.ended_at is null
    order by a.assigned_at, d.id`,
);

export const resourcesOfPeople = (
  tx: Tx,
  organization: OrganizationId,
  users: readonly UserId[],
): Promise<PersonResourceRow[]> => rows(tx, resources, [organization, users]);

export const devicesOfPeople = (
  tx: Tx,
  organization: OrganizationId,
  users: readonly UserId[],
): Promise<HeldDeviceRow[]> => rows(tx, devices, [organization, users]);
