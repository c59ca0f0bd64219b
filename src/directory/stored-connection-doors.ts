import { DomainError, type ErrorCode } from '../kernel/domain-error.js';
import { readId, type ConnectionId } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import { bearerOf } from '../platform/http/bearer.js';
import {
  ConnectionDoors,
  type OpenConnection,
  type OpenScim,
  type WebhookDoor,
} from './connection-doors.js';
import { publicKeyBytes, type ConnectionSecrets } from './connection-secrets.js';
import { CONNECTION_KINDS } from './domain/connection-kinds.js';
import type { FailedAttempt, FailedAttempts } from './failed-attempts.js';
import {
  selectDoorByConnection,
  selectDoorBySecret,
  selectDoorByToken,
  type DoorRow,
} from './postgres/select-door.js';

export class StoredConnectionDoors extends ConnectionDoors {
  readonly #transactions: Transactions;
  readonly #secrets: ConnectionSecrets;
  readonly #attempts: FailedAttempts;

  constructor(parts: {
    readonly transactions: Transactions;
    readonly secrets: ConnectionSecrets;
    readonly attempts: FailedAttempts;
  }) {
    super();
    this.#transactions = parts.transactions;
    this.#secrets = parts.secrets;
    this.#attempts = parts.attempts;
  }

  override async scim(authorization: string | undefined, from: string): Promise<OpenScim> {
    const nobody = { from, credential: null, row: null };
    if (authorization === undefined || authorization === '')
      throw await this.#refused('credential.missing', nobody);
    const text = bearerOf(authorization);
    const secret = text === null ? null : this.#secrets.read('scim', text);
    const presented = secret ?? (text === null ? null : this.#secrets.read('scimat', text));
    if (presented === null) throw await this.#refused('credential.invalid', nobody);
    const row = await this.#transactions.read('doors', (tx) =>
      secret === null
        ? selectDoorByToken(tx, presented.id)
        : selectDoorBySecret(tx, presented.id, 'scim'),
    );
    if (row?.digest == null || !presented.matches(row.digest) || !row.is_live)
      throw await this.#refused('credential.invalid', { from, credential: presented.id, row });
    return { ...opened(row), secret: row.secret_id, interop: row.interop };
  }

  override async webhook(id: string): Promise<WebhookDoor | null> {
    const connection = readId<ConnectionId>(id);
    if (connection === null) return null;
    const rows = await this.#transactions.read('doors', (tx) =>
      selectDoorByConnection(tx, connection),
    );
    const [first] = rows;
    if (first === undefined || CONNECTION_KINDS[first.kind].door !== 'webhooks') return null;
    return {
      ...opened(first),
      accepts: (text) => this.#accepts(rows, text),
      hmacKeys: rows.flatMap(({ secret_id, sealed }) =>
        secret_id === null || sealed === null ? [] : [this.#secrets.open(secret_id, sealed)],
      ),
      publicKey: first.public_key === null ? null : publicKeyBytes(first.public_key),
    };
  }

  async #refused(
    reason: ErrorCode,
    { row, ...who }: Pick<FailedAttempt, 'from' | 'credential'> & { readonly row: DoorRow | null },
  ): Promise<DomainError> {
    const connection =
      row === null ? null : { organization: row.organization_id, connection: row.connection_id };
    await this.#attempts.note({ door: 'scim', reason, ...who, connection });
    return new DomainError(
      reason,
      reason === 'credential.missing' ? 'no bearer token' : 'this token opens nothing',
    );
  }

  #accepts(rows: readonly DoorRow[], text: string | undefined): boolean {
    const presented = text === undefined ? null : this.#secrets.read('hook', text);
    if (presented === null) return false;
    const row = rows.find(({ secret_id }) => secret_id === presented.id);
    return row?.digest != null && presented.matches(row.digest);
  }
}

const opened = (row: DoorRow): OpenConnection => ({
  organization: row.organization_id,
  connection: row.connection_id,
  kind: row.kind,
  link: row.link,
  identitiesFrom: row.identities_from,
});
