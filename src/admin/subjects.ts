import type {
  Device,
  DeviceFilter,
  Devices,
  Listed,
  Organization,
  PageOf,
  People,
  Person,
  PersonFilter,
} from '../directory/index.js';
import { DomainError } from '../kernel/domain-error.js';
import type { DeviceId, OrganizationId, UserId } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import type { ReportedHold, SubjectReport, SubjectReports } from '../tokens/index.js';

/** A user or a device with where it stands. */
export interface Reported<T> {
  readonly it: T;
  readonly report: SubjectReport;
}

/** Users and devices, joined with their generations, holds and live tokens; organizations with their holds. */
export class Subjects {
  readonly #transactions: Transactions;
  readonly #people: People;
  readonly #devices: Devices;
  readonly #reports: SubjectReports;

  constructor(parts: {
    readonly transactions: Transactions;
    readonly people: People;
    readonly devices: Devices;
    readonly reports: SubjectReports;
  }) {
    this.#transactions = parts.transactions;
    this.#people = parts.people;
    this.#devices = parts.devices;
    this.#reports = parts.reports;
  }

  async held(
    organizations: readonly Organization[],
  ): Promise<readonly { readonly it: Organization; readonly holds: readonly ReportedHold[] }[]> {
    const ids = organizations.map(({ id }) => id);
    const holds = await this.#transactions.read('service', (tx) => this.#reports.holdsOf(tx, ids));
    return organizations.map((it) => ({
      it,
      holds: existing(holds.get(it.id), 'an organization'),
    }));
  }

  /** @throws DomainError `user.unknown` */
  async user(organization: OrganizationId, id: UserId): Promise<Reported<Person>> {
    const person = await this.#people.get(organization, id);
    if (person === null) throw new DomainError('user.unknown');
    return this.#one(organization, 'user', person);
  }

  async users(
    organization: OrganizationId,
    filter: PersonFilter,
    page: PageOf<UserId>,
  ): Promise<Listed<Reported<Person>>> {
    const { items, next } = await this.#people.list(organization, filter, page);
    return { items: await this.#all(organization, 'user', items), next };
  }

  /** @throws DomainError `device.unknown` */
  async device(organization: OrganizationId, id: DeviceId): Promise<Reported<Device>> {
    const device = await this.#devices.get({ organization, device: id });
    if (device === null) throw new DomainError('device.unknown');
    return this.#one(organization, 'device', device);
  }

  async devices(
    organization: OrganizationId,
    filter: DeviceFilter,
    page: PageOf<DeviceId>,
  ): Promise<Listed<Reported<Device>>> {
    const { items, next } = await this.#devices.list(organization, filter, page);
    return { items: await this.#all(organization, 'device', items), next };
  }

  async #one<T extends { readonly id: string }>(
    organization: OrganizationId,
    scope: 'user' | 'device',
    item: T,
  ): Promise<Reported<T>> {
    const [one] = await this.#all(organization, scope, [item]);
    if (one === undefined) throw new Error('a list of one became empty');
    return one;
  }

  async #all<T extends { readonly id: string }>(
    organization: OrganizationId,
    scope: 'user' | 'device',
    items: readonly T[],
  ): Promise<Reported<T>[]> {
    const ids = items.map(({ id }) => id);
    const reports = await this.#transactions.read('service', (tx) =>
      this.#reports.of(tx, organization, scope, ids),
    );
    return items.map((it) => ({ it, report: existing(reports.get(it.id), `a ${scope}`) }));
  }
}

/** The row is made with its subject; without it everything is refused, and somebody must know. */
function existing<T>(row: T | undefined, what: string): T {
  if (row === undefined) throw new Error(`${what} has no generation row`);
  return row;
}
