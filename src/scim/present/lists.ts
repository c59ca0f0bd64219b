import type { JsonObject } from './projected.js';

/** Where a page stands: the place of its first resource, or how to ask for the next one (RFC 9865), if there is one. */
export interface Paging {
  readonly startIndex?: number;
  readonly nextCursor?: string;
}

/** RFC 7644 §3.4.2. `totalResults` counts all that match; `Resources` is there also when it is empty. */
export const presentList = (
  resources: readonly JsonObject[],
  totalResults: number,
  paging: Paging,
): JsonObject => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
  totalResults,
  ...paging,
  itemsPerPage: resources.length,
  Resources: resources,
});

export interface Page<T> {
  /** All that match, when the search began. */
  readonly total: number;
  readonly items: readonly T[];
  readonly paging: Paging;
}

export const presentPage = <T>(
  { items, total, paging }: Page<T>,
  present: (item: T) => JsonObject,
): JsonObject => presentList(items.map(present), total, paging);
