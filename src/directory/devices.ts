import type { DeviceId, OrganizationId, UserId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import type { Asking } from './asking.js';
import type { Listed, PageOf } from './page.js';

export interface DeviceOwner {
  readonly user: UserId;
  readonly assignedAt: Date;
}

export interface Device {
  readonly id: DeviceId;
  /** The client's own string, unique in the organization. */
  readonly deviceId: string;
  readonly name: string | null;
  readonly createdAt: Date;
  /** Who holds it now. */
  readonly owners: readonly DeviceOwner[];
}

export interface DeviceName {
  readonly organization: OrganizationId;
  readonly device: DeviceId;
}

export interface Assignment extends DeviceName {
  readonly user: UserId;
}

export interface DeviceFilter {
  readonly deviceId?: string;
  readonly user?: UserId;
}

export abstract class Devices {
  /** @throws DomainError `device.taken` */
  abstract create(
    device: {
      readonly organization: OrganizationId;
      readonly deviceId: string;
      readonly name: string | null;
    },
    asking: Asking,
  ): Promise<Device>;

  abstract get(name: DeviceName): Promise<Device | null>;

  abstract list(
    organization: OrganizationId,
    filter: DeviceFilter,
    page: PageOf<DeviceId>,
  ): Promise<Listed<Device>>;

  /**
   * The device of this client string, made with its generation row when it is new. Two who ask at once get the
   * same device; only one of them is told that it is new, and writes its audit entry.
   */
  abstract ensure(
    tx: Tx,
    organization: OrganizationId,
    deviceId: string,
  ): Promise<{ readonly id: DeviceId; readonly isNew: boolean }>;

  /** Who holds the device now. The caller holds the device's generation row if it acts on the answer. */
  abstract owners(tx: Tx, name: DeviceName): Promise<readonly UserId[]>;

  /**
   * Gives the device to one more user. The caller has raised the device's generation if nobody held it.
   *
   * @returns false when the user held it already
   * @throws DomainError `user.unknown`, `device.unknown`
   */
  abstract assign(tx: Tx, assignment: Assignment): Promise<boolean>;

  /** @returns false when the user did not hold it */
  abstract unassign(tx: Tx, assignment: Assignment): Promise<boolean>;
}
