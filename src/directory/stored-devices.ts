import type { AuditLog } from '../audit/index.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type DeviceId, type OrganizationId, type UserId } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import type { Asking } from './asking.js';
import { deedEntry } from './deed-entry.js';
import {
  Devices,
  type Assignment,
  type Device,
  type DeviceFilter,
  type DeviceName,
} from './devices.js';
import { listed, oneMore } from './listed.js';
import type { Listed, PageOf } from './page.js';
import { endAssignment } from './postgres/end-assignment.js';
import { insertAssignment } from './postgres/insert-assignment.js';
import { insertDevice, type NewDevice } from './postgres/insert-device.js';
import { listDevices, selectDevice, type DeviceRow } from './postgres/list-devices.js';
import { ownersOfDevices } from './postgres/owners-of-devices.js';
import { selectDeviceId } from './postgres/select-device-id.js';
import { selectOrganization } from './postgres/select-organization.js';

export class StoredDevices extends Devices {
  readonly #transactions: Transactions;
  readonly #audit: AuditLog;

  constructor(transactions: Transactions, audit: AuditLog) {
    super();
    this.#transactions = transactions;
    this.#audit = audit;
  }

  override create(device: Omit<NewDevice, 'id'>, asking: Asking): Promise<Device> {
    const id = newId<DeviceId>();
    const { organization, deviceId, name } = device;
    return this.#transactions.run('service', async (tx) => {
      const createdAt = await insertDevice(tx, { ...device, id });
      if (createdAt === null) throw await whyNot(tx, organization);
      const entry = deedEntry(
        {
          organization,
          at: createdAt,
          action: 'device.created',
          subject: { type: 'device', id },
        },
        asking,
      );
      await this.#audit.append(tx, [entry]);
      return { id, deviceId, name, createdAt, owners: [] };
    });
  }

  override get({ organization, device }: DeviceName): Promise<Device | null> {
    return this.#transactions.read('service', async (tx) => {
      const row = await selectDevice(tx, organization, device);
      if (row === null) return null;
      const [found] = await withOwners(tx, organization, [row]);
      return found ?? null;
    });
  }

  override list(
    organization: OrganizationId,
    filter: DeviceFilter,
    page: PageOf<DeviceId>,
  ): Promise<Listed<Device>> {
    return this.#transactions.read('service', async (tx) => {
      const { items, next } = listed(
        await listDevices(tx, organization, filter, oneMore(page)),
        page.limit,
      );
      return { items: await withOwners(tx, organization, items), next };
    });
  }

  override async ensure(
    tx: Tx,
    organization: OrganizationId,
    deviceId: string,
  ): Promise<{ readonly id: DeviceId; readonly isNew: boolean }> {
    const known = await selectDeviceId(tx, organization, deviceId);
    if (known !== null) return { id: known, isNew: false };
    const id = newId<DeviceId>();
    if ((await insertDevice(tx, { id, organization, deviceId, name: null })) !== null)
      return { id, isNew: true };
    // Somebody else made it meanwhile: READ COMMITTED shows it to the next statement.
    const made = await selectDeviceId(tx, organization, deviceId);
    if (made === null) throw new DomainError('organization.unknown');
    return { id: made, isNew: false };
  }

  override async owners(tx: Tx, { organization, device }: DeviceName): Promise<readonly UserId[]> {
    const rows = await ownersOfDevices(tx, organization, [device]);
    return rows.map(({ user_id }) => user_id);
  }

  override async assign(tx: Tx, assignment: Assignment): Promise<boolean> {
    const result = await insertAssignment(tx, newId(), assignment);
    if (!result.has_device) throw new DomainError('device.unknown');
    if (!result.has_user) throw new DomainError('user.unknown');
    return result.is_new;
  }

  override unassign(tx: Tx, assignment: Assignment): Promise<boolean> {
    return endAssignment(tx, assignment);
  }
}

async function whyNot(tx: Tx, organization: OrganizationId): Promise<DomainError> {
  return (await selectOrganization(tx, organization)) === null
    ? new DomainError('organization.unknown')
    : new DomainError('device.taken', 'device_id: a device of this name exists');
}

async function withOwners(
  tx: Tx,
  organization: OrganizationId,
  devices: readonly DeviceRow[],
): Promise<Device[]> {
  const owners = await ownersOfDevices(
    tx,
    organization,
    devices.map(({ id }) => id),
  );
  return devices.map((row) => ({
    id: row.id,
    deviceId: row.device_id,
    name: row.name,
    createdAt: row.created_at,
    owners: owners
      .filter(({ device_id }) => device_id === row.id)
      .map(({ user_id, assigned_at }) => ({ user: user_id, assignedAt: assigned_at })),
  }));
}
