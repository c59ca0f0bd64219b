import { readProjection } from '../read/projection.js';
import { presentUser, type JsonObject, type UserView } from './user.js';

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

export interface UserPage {
  /** All that match, when the search began. */
  readonly total: number;
  readonly users: readonly UserView[];
  readonly paging: Paging;
}

/** @param asked what the request says of `attributes` and `excludedAttributes` */
export function presentPage(
  { users, total, paging }: UserPage,
  root: string,
  asked: unknown,
): JsonObject {
  const projection = readProjection(asked);
  return presentList(
    users.map((user) => presentUser(user, root, projection)),
    total,
    paging,
  );
}
