import type { ApiKeyId, OrganizationId } from '../kernel/ids.js';
import type { ApiKeyScope } from './api-key-scopes.js';

/** An API key that has proven itself. The organization is the key's, never the request's. */
export interface OpenApiKey {
  readonly organization: OrganizationId;
  readonly key: ApiKeyId;
}

export abstract class ApiKeyDoor {
  /**
   * Proves an API key by its secret, in constant time; unknown, wrong and ended keys get the same answer. Every
   * call asks the database. A refusal is counted for the audit log.
   *
   * @param presented the secret as it came
   * @throws DomainError `credential.missing`, `credential.invalid`, `credential.scope_missing`, `store.unavailable`
   */
  abstract open(presented: string | undefined, scope: ApiKeyScope): Promise<OpenApiKey>;
}
