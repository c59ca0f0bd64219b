import type { GroupId, OrganizationId, ResourceId } from '../../kernel/ids.js';
import type { Transactions, Tx } from '../../kernel/tx.js';
import {
  Groups,
  type AccessGroup,
  type Group,
  type GroupOfPerson,
  type Member,
} from '../groups.js';
import { NOBODY } from '../resource-filter.js';
import type {
  ResourceMark,
  ResourcePosition,
  ResourceSearch,
  ResourceSlice,
  ScimPlace,
} from '../resources.js';
import { listAccessGroups } from './list-access-groups.js';
import { findGroups, followGroups, groupsAmong, membersOfGroups } from './find-groups.js';
import { groupsOfPeople } from './groups-of-people.js';
import { isLookUp } from './look-ups.js';

export class PostgresGroups extends Groups {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    super();
    this.#transactions = transactions;
  }

  override async get(place: ScimPlace, id: GroupId): Promise<Group | null> {
    const search = { filter: { kind: 'id', id }, order: null } as const;
    return (await this.find(place, search, { offset: 0, limit: 1 })).items[0] ?? null;
  }

  /** It stands before a change that may take somebody out. */
  override among(place: ScimPlace, ids: readonly GroupId[]): Promise<ReadonlySet<GroupId>> {
    return this.#transactions.read('deprovision', (tx) => groupsAmong(tx, place, ids));
  }

  /** IdPs look a group up before they take somebody out of it. */
  override async find(
    place: ScimPlace,
    search: ResourceSearch,
    slice: ResourceSlice,
  ): Promise<{ readonly total: number; readonly items: readonly Group[] }> {
    if (search.filter === NOBODY) return { total: 0, items: [] };
    const lane = isLookUp(search.filter) ? 'deprovision' : 'service';
    return this.#transactions.read(lane, (tx) => findGroups(tx, place, search, slice));
  }

  override follow(
    place: ScimPlace,
    search: ResourceSearch,
    mark: ResourceMark,
  ): Promise<{ readonly items: readonly Group[]; readonly next: ResourcePosition | null }> {
    return this.#transactions.read('service', (tx) => followGroups(tx, place, search, mark));
  }

  override async members(
    place: ScimPlace,
    groups: readonly GroupId[],
    most: number | null,
  ): Promise<ReadonlyMap<GroupId, readonly Member[]>> {
    if (groups.length === 0) return new Map();
    return this.#transactions.read('service', (tx) => membersOfGroups(tx, place, groups, most));
  }

  override async membersIn(
    ...[tx, place, group, most]: [Tx, ScimPlace, GroupId, number | null]
  ): Promise<readonly Member[] | null> {
    return (await membersOfGroups(tx, place, [group], most)).get(group) ?? null;
  }

  override async ofPeople(
    place: ScimPlace,
    people: readonly ResourceId[],
    most: number | null,
  ): Promise<ReadonlyMap<ResourceId, readonly GroupOfPerson[]>> {
    if (people.length === 0) return new Map();
    return this.#transactions.read('service', (tx) => groupsOfPeople(tx, place, people, most));
  }

  override async ofPersonIn(
    ...[tx, place, person, most]: [Tx, ScimPlace, ResourceId, number]
  ): Promise<readonly GroupOfPerson[] | null> {
    return (await groupsOfPeople(tx, place, [person], most)).get(person) ?? null;
  }

  override givingAccess(organization: OrganizationId): Promise<readonly AccessGroup[]> {
    return this.#transactions.read('service', (tx) => listAccessGroups(tx, organization));
  }
}
