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

/**
 * An equality, never a pattern. User names, e-mails with their types, and managers whatever their case; ids and
 * external ids to the letter.
 */
export type ResourceCondition =
  | { readonly on: 'id'; readonly value: ResourceId }
  | { readonly on: 'user_name' | 'external_id' | 'email' | 'manager'; readonly value: string }
  /** An e-mail of one type, both in the same element. */
  | { readonly on: 'typed_email'; readonly value: string; readonly type: string };

export interface ResourceSlice {
  /** How many to skip. */
  readonly offset: number;
  readonly limit: number;
}

export abstract class Resources {
  abstract get(place: ScimPlace, id: ResourceId): Promise<Resource | null>;

  /**
   * Those that meet every condition, all of them without one, in the order of their making. `total` counts all
   * that match, not only the slice.
   */
  abstract find(
    place: ScimPlace,
    conditions: readonly ResourceCondition[],
    slice: ResourceSlice,
  ): Promise<{ readonly total: number; readonly items: readonly Resource[] }>;
}
