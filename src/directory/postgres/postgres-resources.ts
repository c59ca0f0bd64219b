import type { Transactions } from '../../kernel/tx.js';
import type { ResourceId } from '../../kernel/ids.js';
import { NOBODY } from '../resource-filter.js';
import {
  Resources,
  type Resource,
  type ResourceMark,
  type ResourceSearch,
  type ResourceSlice,
  type ScimPlace,
} from '../resources.js';
import { findResources, followResources, type Followed, type Found } from './find-resources.js';
import { groupsFirst } from './groups-first.js';
import { isLookUp } from './look-ups.js';

export class PostgresResources extends Resources {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    super();
    this.#transactions = transactions;
  }

  override async get(place: ScimPlace, id: ResourceId): Promise<Resource | null> {
    const search = { filter: { kind: 'id', id }, order: null } as const;
    return (await this.find(place, search, { offset: 0, limit: 1 })).items[0] ?? null;
  }

  /** IdPs look a person up before they deactivate them: only what has to search is other work than deprovisioning. */
  override async find(
    place: ScimPlace,
    search: ResourceSearch,
    slice: ResourceSlice,
  ): Promise<Found> {
    if (search.filter === NOBODY) return { total: 0, items: [] };
    const lane = isLookUp(search.filter) ? 'deprovision' : 'service';
    return this.#transactions.read(lane, async (tx) => {
      const filter = await groupsFirst(tx, place, search.filter);
      return findResources(tx, place, { ...search, filter }, slice);
    });
  }

  override follow(place: ScimPlace, search: ResourceSearch, mark: ResourceMark): Promise<Followed> {
    return this.#transactions.read('service', async (tx) => {
      const filter = await groupsFirst(tx, place, search.filter);
      return followResources(tx, place, { ...search, filter }, mark);
    });
  }
}
