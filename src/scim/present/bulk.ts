import type { Performed } from '../bulk.js';
import { groupLocationOf } from './group.js';
import type { JsonObject } from './projected.js';
import { etagOf, locationOf } from './user.js';

/** RFC 7644 §3.7: what became of each operation, in the order of the request. `refusal` gives an error body. */
export const presentBulk = (
  performed: readonly Performed[],
  root: string,
  refusal: (error: Error) => JsonObject,
): JsonObject => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkResponse'],
  Operations: performed.map((one) => presentOne(one, root, refusal)),
});

function presentOne(
  { operation, done }: Performed,
  root: string,
  refusal: (error: Error) => JsonObject,
): JsonObject {
  const { method, bulkId } = operation;
  const told = { method, ...(bulkId !== null && { bulkId }) };
  const place =
    'id' in operation && operation.id !== null
      ? { location: `${root}/${operation.type}/${encodeURIComponent(operation.id)}` }
      : {};
  switch (done.kind) {
    case 'refused': {
      const response = refusal(done.why);
      return { ...told, ...place, status: response['status'] ?? '400', response };
    }
    case 'removed':
      return { ...told, ...place, status: '204' };
    case 'user': {
      const { user } = done;
      return { ...told, ...changed(method, locationOf(root, user), etagOf(user)) };
    }
    case 'group': {
      const { group } = done;
      return { ...told, ...changed(method, groupLocationOf(root, group), etagOf(group)) };
    }
  }
}

const changed = (method: string, location: string, version: string): JsonObject => ({
  location,
  version,
  status: method === 'POST' ? '201' : '200',
});
