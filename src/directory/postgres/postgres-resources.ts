import type { Transactions } from '../../kernel/tx.js';
import type { ResourceId } from '../../kernel/ids.js';
import { NOBODY, type ResourceFilter } from '../resource-filter.js';
import { Resources, type Resource, type ResourceSlice, type ScimPlace } from '../resources.js';
import { emailIn } from './filter-sql.js';
import { findResources, type Found } from './find-resources.js';

export class PostgresResources extends Resources {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    super();
    this.#transactions = transactions;
  }

  override async get(place: ScimPlace, id: ResourceId): Promise<Resource | null> {
    const found = await this.find(place, { kind: 'id', id }, { offset: 0, limit: 1 });
    return found.items[0] ?? null;
  }

  /** IdPs look a person up before they deactivate them: only what has to search is other work than deprovisioning. */
  override async find(
    place: ScimPlace,
    filter: ResourceFilter,
    slice: ResourceSlice,
  ): Promise<Found> {
    if (filter === NOBODY) return { total: 0, items: [] };
    const lane = isLookup(filter) ? 'deprovision' : 'service';
    return this.#transactions.read(lane, (tx) => findResources(tx, place, filter, slice));
  }
}

/** Whether an index leads to the few that can meet it. */
function isLookup(filter: ResourceFilter): boolean {
  switch (filter.kind) {
    case 'all':
      return filter.of.some(isLookup);
    case 'any':
      return filter.of.every(isLookup);
    case 'id':
      return true;
    case 'text':
      return filter.is === 'eq' && 'column' in filter.field;
    case 'some':
      return filter.path.join('.') === 'emails' && emailIn(filter.filter) !== null;
    case 'not':
    case 'active':
    case 'flag':
    case 'time':
    case 'present':
      return false;
  }
}
