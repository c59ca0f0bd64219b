import type { LogId, Refusals } from '../../audit/index.js';
import { DomainError, type ErrorCode } from '../../kernel/domain-error.js';
import type { ApiKeyId } from '../../kernel/ids.js';
import type { Transactions } from '../../kernel/tx.js';
import type { OpaqueSecrets } from '../../platform/crypto/opaque-secrets.js';
import { ApiKeyDoor, type OpenApiKey } from '../api-key-door.js';
import type { ApiKeyScope } from '../api-key-scopes.js';
import { findCredential } from './find-credential.js';

/** In the place of a key that does not exist, so that its refusal takes as long as a wrong secret's. */
const NO_DIGEST = new Uint8Array(32);

export class PostgresApiKeyDoor extends ApiKeyDoor {
  readonly #transactions: Transactions;
  readonly #secrets: OpaqueSecrets;
  readonly #refusals: Refusals;
  readonly #installation: LogId;

  constructor(parts: {
    readonly transactions: Transactions;
    readonly secrets: OpaqueSecrets;
    readonly refusals: Refusals;
    readonly installation: LogId;
  }) {
    super();
    this.#transactions = parts.transactions;
    this.#secrets = parts.secrets;
    this.#refusals = parts.refusals;
    this.#installation = parts.installation;
  }

  override async open(presented: string | undefined, scope: ApiKeyScope): Promise<OpenApiKey> {
    if (presented === undefined) throw this.#refusal('credential.missing', this.#installation);
    const secret = this.#secrets.parse<'api-key'>('api', presented);
    if (secret === null) throw this.#refusal('credential.invalid', this.#installation);
    const key: ApiKeyId = secret.id;
    const found = await this.#transactions.read('service', (tx) => findCredential(tx, key));
    const isRight = this.#secrets.matches(found?.digest ?? NO_DIGEST, secret);
    if (found === null) throw this.#refusal('credential.invalid', this.#installation);
    if (!isRight || !found.isLive) throw this.#refusal('credential.invalid', found.organization);
    if (!found.scopes.includes(scope))
      throw this.#refusal('credential.scope_missing', found.organization);
    return { organization: found.organization, key };
  }

  #refusal(reason: ErrorCode, log: LogId): DomainError {
    this.#refusals.count({ log, connection: null, door: 'device-auth', reason });
    return new DomainError(reason);
  }
}
