import type { ConnectionId, GroupId, OrganizationId, ResourceId, UserId } from '../kernel/ids.js';
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

/** What people and groups are sorted by. */
export interface ResourceOrder {
  readonly by:
    | {
        readonly kind: 'column';
        readonly column:
          | 'id'
          | 'user_name'
          | 'group_name'
          | 'external_id'
          | 'active'
          | 'created_at'
          | 'changed_at';
      }
    | { readonly kind: 'attribute'; readonly path: readonly string[]; readonly exact: boolean }
    /** A part of a list's primary element, or of its first one. */
    | {
        readonly kind: 'list';
        readonly path: readonly string[];
        readonly part: string;
        readonly exact: boolean;
      };
  readonly descending: boolean;
}

export interface ResourceSearch {
  readonly filter: ResourceFilter;
  /** Null: in the order of their making. */
  readonly order: ResourceOrder | null;
}

/** The last resource of a page, by what it is sorted by. */
export interface ResourcePosition {
  readonly key: string | null;
  /** To the microsecond. */
  readonly createdAt: string;
  readonly id: ResourceId | GroupId;
}

export interface ResourceMark {
  /** Null at the beginning. */
  readonly from: ResourcePosition | null;
  readonly limit: number;
}

export abstract class Resources {
  abstract get(place: ScimPlace, id: ResourceId): Promise<Resource | null>;

  /**
   * Those that meet the filter, in order. `total` counts all that match, not only the slice.
   */
  abstract find(
    place: ScimPlace,
    search: ResourceSearch,
    slice: ResourceSlice,
  ): Promise<{ readonly total: number; readonly items: readonly Resource[] }>;

  /**
   * The same, from a mark on: whoever is there all the time is met once, whoever comes or goes meanwhile at most once.
   * `next` is null at the end.
   */
  abstract follow(
    place: ScimPlace,
    search: ResourceSearch,
    mark: ResourceMark,
  ): Promise<{ readonly items: readonly Resource[]; readonly next: ResourcePosition | null }>;
}
