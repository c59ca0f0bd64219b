import type { Transactions } from '../../kernel/tx.js';
import type { ResourceId } from '../../kernel/ids.js';
import {
  Resources,
  type Resource,
  type ResourceCondition,
  type ResourceSlice,
  type ScimPlace,
} from '../resources.js';
import { findResources, type Found } from './find-resources.js';

export class PostgresResources extends Resources {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    super();
    this.#transactions = transactions;
  }

  override async get(place: ScimPlace, id: ResourceId): Promise<Resource | null> {
    const found = await this.find(place, [{ on: 'id', value: id }], { offset: 0, limit: 1 });
    return found.items[0] ?? null;
  }

  /** IdPs look a person up before they deactivate them: only browsing is other work than deprovisioning. */
  override find(
    place: ScimPlace,
    conditions: readonly ResourceCondition[],
    slice: ResourceSlice,
  ): Promise<Found> {
    const lane = conditions.length === 0 ? 'service' : 'deprovision';
    return this.#transactions.read(lane, (tx) => findResources(tx, place, conditions, slice));
  }
}
