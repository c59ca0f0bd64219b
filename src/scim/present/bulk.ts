import type { Done } from '../bulk-order.js';
import { groupLocationOf } from './group.js';
import type { JsonObject } from './projected.js';
import { etagOf, locationOf } from './user.js';

/** What an operation was, and what became of it. */
export interface Told {
  readonly operation: {
    readonly method: string;
    readonly bulkId: string | null;
    readonly type?: 'Users' | 'Groups';
    readonly id?: string | null;
  };
  readonly done: Done;
}

/** RFC 7644 §3.7: what became of each operation, in the order of the request. `refusal` gives an error body. */
export const presentBulk = (
  performed: readonly Told[],
  root: string,
  refusal: (error: Error) => JsonObject,
): JsonObject => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkResponse'],
  Operations: performed.map((one) => presentOne(one, root, refusal)),
});

function presentOne(
  { operation, done }: Told,
  root: string,
  refusal: (error: Error) => JsonObject,
): JsonObject {
  const { method, bulkId, type, id = null } = operation;
  const told = { method, ...(bulkId !== null && { bulkId }) };
  const place =
    type !== undefined && id !== null
      ? { location: `${root}/${type}/${encodeURIComponent(id)}` }
      : {};
  switch (done.kind) {
    case 'refused': {
      const response = refusal(done.why);
      return { ...told, ...place, status: response['status'] ?? '400', response };
    }
    case 'removed':
      return { ...told, ...place, status: '204' };
    case 'user':
      return { ...told, ...changed(method, locationOf(root, done), etagOf(done)) };
    case 'group':
      return { ...told, ...changed(method, groupLocationOf(root, done), etagOf(done)) };
  }
}

const changed = (method: string, location: string, version: string): JsonObject => ({
  location,
  version,
  status: method === 'POST' ? '201' : '200',
});
