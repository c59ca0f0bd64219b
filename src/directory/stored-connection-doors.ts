import type { LogId, Refusals } from '../audit/index.js';
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
import type { ConnectionTraffic } from './connection-traffic.js';
import { publicKeyBytes, type ConnectionSecrets } from './connection-secrets.js';
import { CONNECTION_KINDS } from './domain/connection-kinds.js';
import {
  selectDoorByConnection,
  selectDoorBySecret,
  type DoorRow,
} from './postgres/select-door.js';

export class StoredConnectionDoors extends ConnectionDoors {
  readonly #transactions: Transactions;
  readonly #secrets: ConnectionSecrets;
  readonly #refusals: Refusals;
  readonly #traffic: ConnectionTraffic;
  readonly #installation: LogId;

  constructor(parts: {
    readonly transactions: Transactions;
    readonly secrets: ConnectionSecrets;
    readonly refusals: Refusals;
    readonly traffic: ConnectionTraffic;
    /** Its log takes what belongs to no organization. */
    readonly installation: LogId;
  }) {
    super();
    this.#transactions = parts.transactions;
    this.#secrets = parts.secrets;
    this.#refusals = parts.refusals;
    this.#traffic = parts.traffic;
    this.#installation = parts.installation;
  }

  override async scim(authorization: string | undefined): Promise<OpenScim> {
    if (authorization === undefined || authorization === '')
      throw this.#refused('credential.missing', null);
    const text = bearerOf(authorization);
    const presented = text === null ? null : this.#secrets.read('scim', text);
    if (presented === null) throw this.#refused('credential.invalid', null);
    const row = await this.#transactions.read('doors', (tx) =>
      selectDoorBySecret(tx, presented.id, 'scim'),
    );
    if (row?.digest == null || !presented.matches(row.digest) || !row.is_live)
      throw this.#refused('credential.invalid', row);
    return { ...opened(row), secret: presented.id };
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

  #refused(reason: ErrorCode, row: DoorRow | null): DomainError {
    this.#refusals.count({
      log: row?.organization_id ?? this.#installation,
      connection: row?.connection_id ?? null,
      door: 'scim',
      reason,
    });
    if (row !== null)
      this.#traffic.turnedAway(
        { organization: row.organization_id, connection: row.connection_id },
        reason,
      );
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
