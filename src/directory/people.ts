import type { ConnectionId, DeviceId, OrganizationId, UserId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import type { Listed, PageOf } from './page.js';

/** How a client names a person: our id or a SCIM id, the IdP's external id, or the user name whatever its case. */
export type PersonReference =
  { readonly id: string } | { readonly externalId: string } | { readonly userName: string };

export interface PersonResource {
  readonly id: string;
  readonly connection: ConnectionId;
  readonly userName: string;
  readonly externalId: string | null;
  readonly emails: readonly string[];
  readonly active: boolean;
  readonly changedAt: Date;
}

export interface HeldDevice {
  readonly id: DeviceId;
  readonly deviceId: string;
  readonly name: string | null;
  readonly assignedAt: Date;
}

export interface Person {
  readonly id: UserId;
  readonly createdAt: Date;
  /** Living ones. */
  readonly resources: readonly PersonResource[];
  /** Devices assigned now. */
  readonly devices: readonly HeldDevice[];
}

export interface PersonFilter {
  readonly userName?: string;
  readonly externalId?: string;
  readonly email?: string;
}

export abstract class People {
  /**
   * Users whom a reference may mean, by resources that are not tombstones (our own id finds everybody). More
   * than one: whoever asks must not guess.
   */
  abstract whoIs(
    tx: Tx,
    organization: OrganizationId,
    reference: PersonReference,
  ): Promise<readonly UserId[]>;

  /**
   * Whether the user has a living, active resource: enrolment refuses everybody else. The caller holds the user's
   * generation row if it acts on the answer.
   */
  abstract isActive(tx: Tx, organization: OrganizationId, id: UserId): Promise<boolean>;

  abstract get(organization: OrganizationId, id: UserId): Promise<Person | null>;

  abstract list(
    organization: OrganizationId,
    filter: PersonFilter,
    page: PageOf<UserId>,
  ): Promise<Listed<Person>>;
}
