import type { ConnectionId, OrganizationId, ResourceId, UserId } from '../kernel/ids.js';
import type { ResourceFilter } from './resource-filter.js';

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

export interface ResourceSlice {
  /** How many to skip. */
  readonly offset: number;
  readonly limit: number;
}

export abstract class Resources {
  abstract get(place: ScimPlace, id: ResourceId): Promise<Resource | null>;

  /**
   * Those that meet the filter, in the order of their making. `total` counts all that match, not only the slice.
   */
  abstract find(
    place: ScimPlace,
    filter: ResourceFilter,
    slice: ResourceSlice,
  ): Promise<{ readonly total: number; readonly items: readonly Resource[] }>;
}
