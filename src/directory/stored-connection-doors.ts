import { DomainError, type ErrorCode } from '../kernel/domain-error.js';
import { readId, type ConnectionId } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import { Batches } from '../platform/batch/batches.js';
import { basicOf } from '../platform/http/basic.js';
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
  selectDoorsBySecret,
  selectDoorsByToken,
  type CredentialRow,
  type DoorRow,
} from './postgres/select-door.js';

/** Two: one connection that has gone silent leaves the other. */
const LOOK_UPS = { atOnce: 2, most: 500, patienceMs: 3_000 } as const;

export class StoredConnectionDoors extends ConnectionDoors {
  readonly #transactions: Transactions;
  readonly #secrets: ConnectionSecrets;
  readonly #attempts: FailedAttempts;
  readonly #behind: Readonly<Record<'secret' | 'token', Batches<string, DoorRow | null>>>;

  constructor(parts: {
    readonly transactions: Transactions;
    readonly secrets: ConnectionSecrets;
    readonly attempts: FailedAttempts;
  }) {
    super();
    this.#transactions = parts.transactions;
    this.#secrets = parts.secrets;
    this.#attempts = parts.attempts;
    this.#behind = {
      secret: this.#lookUps((tx, ids) => selectDoorsBySecret(tx, ids, 'scim')),
      token: this.#lookUps(selectDoorsByToken),
    };
  }

  override async scim(authorization: string | undefined, from: string): Promise<OpenScim> {
    const nobody = { from, credential: null, row: null };
    if (authorization === undefined || authorization === '')
      throw await this.#refused('credential.missing', nobody);
    const shown = this.#shownIn(authorization);
    if (shown === null) throw await this.#refused('credential.invalid', nobody);
    const { id, matches } = shown.credential;
    const row = await this.#behind[shown.by === 'token' ? 'token' : 'secret'].answer(id);
    if (row?.digest == null || !matches(row.digest) || !row.is_live || !isAccepted(shown, row))
      throw await this.#refused('credential.invalid', { from, credential: id, row });
    const { secret_id: secret, interop, accepts } = row;
    return { ...opened(row), secret, interop, accepts };
  }

  /** What was revoked before a request arrived opens nothing for it: the look-up that it goes into begins afterwards. */
  #lookUps(
    select: (tx: Tx, ids: readonly string[]) => Promise<readonly CredentialRow[]>,
  ): Batches<string, DoorRow | null> {
    return new Batches<string, DoorRow | null>(LOOK_UPS, async (ids) => {
      const found = await this.#transactions.read('doors', (tx) => select(tx, [...new Set(ids)]));
      const doors = new Map(found.map((row) => [row.credential_id, row]));
      return ids.map((id) => doors.get(id) ?? null);
    });
  }

  #shownIn(authorization: string): Shown | null {
    const text = bearerOf(authorization);
    if (text !== null) {
      const secret = this.#secrets.read('scim', text);
      if (secret !== null) return { by: 'bearer', credential: secret };
      const token = this.#secrets.read('scimat', text);
      return token && { by: 'token', credential: token };
    }
    const basic = basicOf(authorization);
    const secret = basic && this.#secrets.read('scim', basic.password);
    return secret && { by: 'basic', user: basic.user, credential: secret };
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
      reason === 'credential.missing' ? 'no credential' : 'this credential opens nothing',
    );
  }

  #accepts(rows: readonly DoorRow[], text: string | undefined): boolean {
    const presented = text === undefined ? null : this.#secrets.read('hook', text);
    if (presented === null) return false;
    const row = rows.find(({ secret_id }) => secret_id === presented.id);
    return row?.digest != null && presented.matches(row.digest);
  }
}

type Credential = NonNullable<ReturnType<ConnectionSecrets['read']>>;

type Shown =
  | { readonly by: 'bearer' | 'token'; readonly credential: Credential }
  | { readonly by: 'basic'; readonly user: string; readonly credential: Credential };

/** What the connection wants to be shown. A token that it does not want is not live. */
function isAccepted(shown: Shown, { accepts, connection_id }: DoorRow): boolean {
  switch (shown.by) {
    case 'token':
      return true;
    case 'bearer':
      return accepts !== 'keys';
    case 'basic':
      return accepts === 'basic' && readId<ConnectionId>(shown.user) === connection_id;
  }
}

const opened = (row: DoorRow): OpenConnection => ({
  organization: row.organization_id,
  connection: row.connection_id,
  kind: row.kind,
  link: row.link,
  identitiesFrom: row.identities_from,
});
