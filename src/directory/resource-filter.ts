import type { GroupId, ResourceId } from '../kernel/ids.js';

/** A value of a resource, by where it is kept. Within `some`, a path starts at the element. */
export type ResourceField =
  | { readonly column: 'id' | 'user_name' | 'external_id' | 'display_name' | 'group_name' }
  /** A path into `attributes`; compared folded unless it is `exact`. */
  | { readonly path: readonly string[]; readonly exact: boolean };

export type TextComparator = 'eq' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le';
export type TimeComparator = Exclude<TextComparator, 'co' | 'sw' | 'ew'>;

/**
 * What people and groups are looked for by. Values are values, never patterns. Every term is true or false, also of what is not
 * there: nothing is equal, larger or smaller than what is missing.
 */
export type ResourceFilter =
  /** All of nothing is everyone, any of nothing is nobody. */
  | { readonly kind: 'all' | 'any'; readonly of: readonly ResourceFilter[] }
  | { readonly kind: 'not'; readonly filter: ResourceFilter }
  | { readonly kind: 'id'; readonly id: ResourceId | GroupId }
  | {
      readonly kind: 'text';
      readonly field: ResourceField;
      readonly is: TextComparator;
      readonly value: string;
    }
  | { readonly kind: 'active'; readonly value: boolean }
  /** One that is missing counts as false. */
  | { readonly kind: 'flag'; readonly path: readonly string[]; readonly value: boolean }
  | {
      readonly kind: 'time';
      readonly column: 'created_at' | 'changed_at';
      readonly is: TimeComparator;
      /** Read to the millisecond. */
      readonly value: Date;
    }
  /** Groups that have this member; null: any at all. */
  | { readonly kind: 'member'; readonly value: string | null }
  /** People who are in a group that meets the filter, which speaks of `id` and `group_name` alone. */
  | { readonly kind: 'in_group'; readonly filter: ResourceFilter }
  /** People who are in one of these. */
  | { readonly kind: 'in_one_of'; readonly groups: readonly GroupId[] }
  /** Neither missing nor empty. */
  | { readonly kind: 'present'; readonly field: ResourceField }
  /** One element at least of the list at `path` meets the filter. What is one value is a list of it. */
  | {
      readonly kind: 'some';
      readonly path: readonly string[];
      readonly filter: ResourceFilter;
    };

export const EVERYONE: ResourceFilter = { kind: 'all', of: [] };
export const NOBODY: ResourceFilter = { kind: 'any', of: [] };
