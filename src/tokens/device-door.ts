import type { LogId, Refusals } from '../audit/index.js';
import { DomainError, type ErrorCode } from '../kernel/domain-error.js';
import type { DeviceId, FamilyId, OrganizationId } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import type { OpaqueSecrets, ParsedSecret } from '../platform/crypto/opaque-secrets.js';
import type { RotatingSecrets } from '../platform/crypto/rotating-secrets.js';
import { findCredential, type Credential } from './postgres/find-credential.js';

/** A secret of a device that is one of ours. What it still opens is decided under the locks. */
export interface ShownSecret {
  readonly organization: OrganizationId;
  readonly family: FamilyId;
  readonly device: DeviceId;
  readonly secret: ParsedSecret<'family'>;
}

/** In the place of a token that does not exist, so that its refusal takes as long as a wrong secret's. */
const NO_DIGEST = new Uint8Array(32);

/** The door of devices. The organization is the secret's, never the request's. Refusals are counted for the log. */
export class DeviceDoor {
  readonly #transactions: Transactions;
  readonly #secrets: OpaqueSecrets;
  readonly #rotating: RotatingSecrets;
  readonly #refusals: Refusals;
  readonly #installation: LogId;

  constructor(parts: {
    readonly transactions: Transactions;
    readonly secrets: OpaqueSecrets;
    readonly rotating: RotatingSecrets;
    readonly refusals: Refusals;
    readonly installation: LogId;
  }) {
    this.#transactions = parts.transactions;
    this.#secrets = parts.secrets;
    this.#rotating = parts.rotating;
    this.#refusals = parts.refusals;
    this.#installation = parts.installation;
  }

  /** @throws DomainError `credential.missing`, `token.invalid`, `store.unavailable` */
  async bootstrap(presented: string | undefined): Promise<ShownSecret> {
    if (presented === undefined) throw this.#refusal('credential.missing', this.#installation);
    const secret = this.#secrets.parse<'family'>('bootstrap', presented);
    if (secret === null) throw this.#refusal('token.invalid', this.#installation);
    const found = await this.#find(secret.id);
    const isRight = this.#secrets.matches(found?.bootstrapDigest ?? NO_DIGEST, secret);
    if (found === null) throw this.#refusal('token.invalid', this.#installation);
    if (!isRight) throw this.#refusal('token.invalid', found.organization);
    return shownOf(secret, found);
  }

  /** @throws DomainError `token.invalid`, `store.unavailable` */
  async refresh(presented: string): Promise<ShownSecret> {
    const secret = this.#secrets.parse<'family'>('refresh', presented);
    // Whoever knows only the id of a device token cannot end it by showing something made up.
    if (secret === null || !this.#rotating.isOurs(secret))
      throw this.#refusal('token.invalid', this.#installation);
    const found = await this.#find(secret.id);
    if (found === null) throw this.#refusal('token.invalid', this.#installation);
    return shownOf(secret, found);
  }

  #find(id: FamilyId): Promise<Credential | null> {
    return this.#transactions.read('service', (tx) => findCredential(tx, id));
  }

  #refusal(reason: ErrorCode, log: LogId): DomainError {
    this.#refusals.count({ log, connection: null, door: 'device-auth', reason });
    return new DomainError(reason);
  }
}

const shownOf = (
  secret: ParsedSecret<'family'>,
  { organization, device }: Credential,
): ShownSecret => ({ organization, family: secret.id, device, secret });
