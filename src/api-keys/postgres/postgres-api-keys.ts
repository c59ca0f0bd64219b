import { AuditLog, entryOf } from '../../audit/index.js';
import type { Asking, Listed, Organizations, PageOf } from '../../directory/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { newId, type ApiKeyId, type EntryId, type OrganizationId } from '../../kernel/ids.js';
import type { Secret } from '../../kernel/secret.js';
import type { Transactions, Tx } from '../../kernel/tx.js';
import type { OpaqueSecrets } from '../../platform/crypto/opaque-secrets.js';
import { ApiKeys, type ApiKey, type NewApiKey } from '../api-keys.js';
import { getApiKey } from './get-api-key.js';
import { insertApiKey } from './insert-api-key.js';
import { isLive } from './is-live.js';
import { listApiKeys } from './list-api-keys.js';

export class PostgresApiKeys extends ApiKeys {
  readonly #transactions: Transactions;
  readonly #organizations: Pick<Organizations, 'get'>;
  readonly #audit: AuditLog;
  readonly #secrets: OpaqueSecrets;

  constructor(parts: {
    readonly transactions: Transactions;
    readonly organizations: Pick<Organizations, 'get'>;
    readonly audit: AuditLog;
    readonly secrets: OpaqueSecrets;
  }) {
    super();
    this.#transactions = parts.transactions;
    this.#organizations = parts.organizations;
    this.#audit = parts.audit;
    this.#secrets = parts.secrets;
  }

  override async create(
    wanted: NewApiKey,
    asking: Asking,
  ): Promise<{ readonly key: ApiKey; readonly secret: Secret }> {
    // Organizations are never removed, so what is found here is there when the row is written.
    if ((await this.#organizations.get(wanted.organization)) === null)
      throw new DomainError('organization.unknown');
    const id = newId<ApiKeyId>();
    const { text, digest } = this.#secrets.mint('api', id);
    const key = await this.#transactions.run('service', async (tx) => {
      const made = await insertApiKey(tx, wanted, { id, digest });
      await this.#audit.append(tx, [
        entryOf({
          id: newId<EntryId>(),
          org: made.organization,
          at: made.createdAt.toISOString(),
          action: 'api_key.created',
          outcome: 'success',
          actor: asking.actor,
          subject: { type: 'api_key', id },
          request_id: asking.requestId,
          detail: { scopes: made.scopes },
        }),
      ]);
      return made;
    });
    return { key, secret: text };
  }

  override get(organization: OrganizationId, id: ApiKeyId): Promise<ApiKey | null> {
    return this.#transactions.read('service', (tx) => getApiKey(tx, organization, id));
  }

  override async list(
    organization: OrganizationId,
    page: PageOf<ApiKeyId>,
  ): Promise<Listed<ApiKey>> {
    const found = await this.#transactions.read('service', (tx) =>
      // One more than asked for tells whether there is a next page.
      listApiKeys(tx, organization, { ...page, limit: page.limit + 1 }),
    );
    const items = found.slice(0, page.limit);
    return { items, next: found.length > items.length ? (items.at(-1)?.id ?? null) : null };
  }

  override isLive(tx: Tx, organization: OrganizationId, id: ApiKeyId): Promise<boolean> {
    return isLive(tx, organization, id);
  }
}
