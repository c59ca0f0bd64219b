import type { Asking, Listed, PageOf } from '../directory/index.js';
import type { ApiKeyId, OrganizationId } from '../kernel/ids.js';
import type { Secret } from '../kernel/secret.js';
import type { Tx } from '../kernel/tx.js';
import type { ApiKeyScope } from './api-key-scopes.js';

/** A key of an organization's backend; never its secret. */
export interface ApiKey {
  readonly id: ApiKeyId;
  readonly organization: OrganizationId;
  readonly name: string;
  readonly scopes: readonly ApiKeyScope[];
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
}

export interface NewApiKey {
  readonly organization: OrganizationId;
  readonly name: string;
  readonly scopes: readonly ApiKeyScope[];
}

/** An organization's API keys. Ending one ends what came through it too, so the heart does that. */
export abstract class ApiKeys {
  /**
   * @returns the secret in the only moment in which it is known
   * @throws DomainError `organization.unknown`
   */
  abstract create(
    key: NewApiKey,
    asking: Asking,
  ): Promise<{ readonly key: ApiKey; readonly secret: Secret }>;

  abstract get(organization: OrganizationId, id: ApiKeyId): Promise<ApiKey | null>;

  /** Newest first; those that have ended stay in the list. */
  abstract list(organization: OrganizationId, page: PageOf<ApiKeyId>): Promise<Listed<ApiKey>>;

  /**
   * Whether the key may still be used. The caller shares the organization's lock: whoever ends a key has that lock
   * alone, so the answer holds until the transaction ends.
   */
  abstract isLive(tx: Tx, organization: OrganizationId, id: ApiKeyId): Promise<boolean>;
}
