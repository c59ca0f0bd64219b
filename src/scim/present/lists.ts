import type { JsonObject } from './user.js';

/** RFC 7644 §3.4.2. `totalResults` counts all that match; `Resources` is there also when it is empty. */
export const presentList = (
  resources: readonly JsonObject[],
  totalResults: number,
  startIndex: number,
): JsonObject => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
  totalResults,
  startIndex,
  itemsPerPage: resources.length,
  Resources: resources,
});
