import type { ConnectionId, GroupId, OrganizationId, ResourceId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import type {
  ResourceMark,
  ResourcePosition,
  ResourceSearch,
  ResourceSlice,
  ScimPlace,
} from './resources.js';

/** A group as its SCIM connection has it. Tombstones are not among them. */
export interface Group {
  readonly id: GroupId;
  readonly displayName: string;
  readonly externalId: string | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
}

export interface Member {
  /** As the IdP says it. */
  readonly value: string;
  /** Null while nobody here is meant by it. */
  readonly resource: ResourceId | null;
  /** The group that is meant, where no person is. */
  readonly group: GroupId | null;
}

/** A group as one says of a person that they are in it. */
export type GroupOfPerson = Pick<Group, 'id' | 'displayName'>;

/** A group that access comes from. It stays one when its IdP deletes it: that gives nobody access. */
export interface AccessGroup {
  readonly id: GroupId;
  readonly connection: ConnectionId;
  readonly displayName: string;
  readonly members: number;
  readonly addedAt: Date;
  readonly deletedAt: Date | null;
}

export abstract class Groups {
  abstract get(place: ScimPlace, id: GroupId): Promise<Group | null>;

  /** Which of these ids are groups of the connection, or were: deleted ones count. */
  abstract among(place: ScimPlace, ids: readonly GroupId[]): Promise<ReadonlySet<GroupId>>;

  /** Those that meet the filter, in order. `total` counts all that match, not only the slice. */
  abstract find(
    place: ScimPlace,
    search: ResourceSearch,
    slice: ResourceSlice,
  ): Promise<{ readonly total: number; readonly items: readonly Group[] }>;

  /** The same, from a mark on, as {@link Resources.follow} has it. */
  abstract follow(
    place: ScimPlace,
    search: ResourceSearch,
    mark: ResourceMark,
  ): Promise<{ readonly items: readonly Group[]; readonly next: ResourcePosition | null }>;

  /**
   * Who is in these groups, in the order of the values. A group with more than `most` members is not in the answer: none
   * of them are read.
   */
  abstract members(
    place: ScimPlace,
    groups: readonly GroupId[],
    most: number | null,
  ): Promise<ReadonlyMap<GroupId, readonly Member[]>>;

  /** The same of one group as `tx` sees it; null of a larger one. */
  abstract membersIn(
    tx: Tx,
    place: ScimPlace,
    group: GroupId,
    most: number | null,
  ): Promise<readonly Member[] | null>;

  /** In which groups these people are, in the order of the ids. Who is in more than `most` is not in the answer. */
  abstract ofPeople(
    place: ScimPlace,
    people: readonly ResourceId[],
    most: number | null,
  ): Promise<ReadonlyMap<ResourceId, readonly GroupOfPerson[]>>;

  /** The same of one person as `tx` sees it; null of one who is in more. */
  abstract ofPersonIn(
    tx: Tx,
    place: ScimPlace,
    person: ResourceId,
    most: number,
  ): Promise<readonly GroupOfPerson[] | null>;

  /** Those that access comes from, in the order in which they became so. */
  abstract givingAccess(organization: OrganizationId): Promise<readonly AccessGroup[]>;
}
