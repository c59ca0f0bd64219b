import { SCIM_EVENTS, versionTag, type Completion } from '../../contract/security-event.js';
import type { ResourceEvent } from '../../deprovision/index.js';
import { newId, readId, type GroupId, type UserId } from '../../kernel/ids.js';
import type { Told } from './bulk.js';
import type { JsonObject } from './projected.js';

/**
 * The completion of each operation of a request that was put off (RFC 9967 §2.5.1.2), without the client's own words: no
 * `bulkId`, and of an error no `detail`.
 */
export const completionsOf = (
  job: string,
  told: readonly (Told & { readonly operation: { readonly index: number } })[],
  refusal: (error: Error) => JsonObject,
): readonly ResourceEvent[] =>
  told.map(({ operation, done }) => {
    const { index, type = 'Users', id = null } = operation;
    const resource = 'id' in done ? done.id : readId<UserId | GroupId>(id);
    return {
      id: newId<'event'>(),
      subject: (resource ?? job) as UserId | GroupId,
      resource: resource === null ? `/${type}` : `/${type}/${resource}`,
      txn: `${job}:${index}`,
      type: SCIM_EVENTS.asyncResponse,
      events: { [SCIM_EVENTS.asyncResponse]: completionOf(operation.method, done, refusal) },
    };
  });

function completionOf(
  method: string,
  done: Told['done'],
  refusal: (error: Error) => JsonObject,
): Completion {
  switch (done.kind) {
    case 'user':
    case 'group':
      return {
        method,
        version: versionTag(done.version),
        status: method === 'POST' ? '201' : '200',
      };
    case 'removed':
      return { method, status: '204' };
    case 'refused': {
      const { schemas, scimType, status } = refusal(done.why);
      const response = { schemas, ...(scimType !== undefined && { scimType }), status };
      return { method, status: String(status), response } as Completion;
    }
  }
}
