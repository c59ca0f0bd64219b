import type { GroupId } from '../../kernel/ids.js';
import type { Origin } from './change.js';

/** What a SCIM connection says about a group, without its members. */
export interface GroupImage {
  readonly displayName: string;
  readonly externalId: string | null;
}

export interface StoredGroup extends GroupImage {
  readonly id: GroupId;
  readonly version: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
}

/**
 * What becomes of a group's members, whoever they are: what it costs depends on who comes and goes, not on who stays.
 * No value is in both lists.
 */
export interface MembersChange {
  /** Only those of `add` are left. */
  readonly replaces: boolean;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

export interface GroupEdit {
  /** Undefined: it stays. */
  readonly displayName?: string;
  readonly externalId?: string | null;
  readonly members: MembersChange;
}

/** One SCIM request that changes a group. */
export type GroupChange = { readonly origin: Origin } & (
  | { readonly kind: 'create'; readonly image: GroupImage; readonly members: readonly string[] }
  | {
      readonly kind: 'edit';
      readonly group: GroupId;
      readonly edit: GroupEdit;
      /** How the request says it; `patch` unless told. */
      readonly verb?: 'put' | 'patch';
      /** Whether this version may be changed; null: any. */
      readonly isMeant: ((version: number) => boolean) | null;
    }
  | {
      readonly kind: 'remove';
      readonly group: GroupId;
      readonly isMeant: ((version: number) => boolean) | null;
    }
);

export type GroupOutcome =
  | { readonly kind: 'done'; readonly group: StoredGroup; readonly changed: boolean }
  | { readonly kind: 'removed' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'version_lost' };
