import type { ConnectionId, OrganizationId, ResourceId, UserId } from '../kernel/ids.js';

/** A SCIM connection and its organization: everything of SCIM is read within both. */
export interface ScimPlace {
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
}

/** How one SCIM connection sees a user. Tombstones are not among them. */
export interface Resource {
  readonly id: ResourceId;
  readonly user: UserId;
  readonly userName: string;
  readonly externalId: string | null;
  /** Lower-cased. */
  readonly emails: readonly string[];
  readonly active: boolean;
  /** The whole resource without `id`, `meta` and `active`. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly version: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
}

/** All that is given must be equal: user names and e-mails whatever their case, external ids to the letter. */
export interface ResourceFilter {
  readonly id?: string;
  readonly userName?: string;
  readonly externalId?: string;
  readonly email?: string;
}

export interface ResourceSlice {
  /** How many to skip. */
  readonly offset: number;
  readonly limit: number;
}

export abstract class Resources {
  abstract get(place: ScimPlace, id: ResourceId): Promise<Resource | null>;

  /** In the order of their making. `total` counts all that match, not only the slice. */
  abstract find(
    place: ScimPlace,
    filter: ResourceFilter,
    slice: ResourceSlice,
  ): Promise<{ readonly total: number; readonly items: readonly Resource[] }>;
}
