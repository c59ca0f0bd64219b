import type { AuditLog } from '../audit/index.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type ConnectionId, type OrganizationId } from '../kernel/ids.js';
import type { Secret } from '../kernel/secret.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import type { Asking } from './asking.js';
import { publicKeyBytes, type ConnectionSecrets } from './connection-secrets.js';
import {
  Connections,
  type Accepts,
  type Connection,
  type ConnectionChange,
  type ConnectionName,
  type NewConnection,
  type NewSecret,
  type Rotation,
} from './connections.js';
import { deedEntry } from './deed-entry.js';
import { CONNECTION_KINDS, type ConnectionKind } from './domain/connection-kinds.js';
import { listed, oneMore } from './listed.js';
import type { Listed, PageOf } from './page.js';
import { connectionOf } from './postgres/connection-row.js';
import { expireConnectionSecrets } from './postgres/expire-connection-secrets.js';
import { insertConnectionSecret } from './postgres/insert-connection-secret.js';
import { insertConnection } from './postgres/insert-connection.js';
import { listConnections, selectConnection } from './postgres/list-connections.js';
import { lockConnection } from './postgres/lock-connection.js';
import { removeConnection } from './postgres/remove-connection.js';
import { selectOrganization } from './postgres/select-organization.js';
import { forgetSilence } from './postgres/silence.js';
import { updateConnection } from './postgres/update-connection.js';

export class StoredConnections extends Connections {
  readonly #transactions: Transactions;
  readonly #audit: AuditLog;
  readonly #secrets: ConnectionSecrets;

  constructor(transactions: Transactions, audit: AuditLog, secrets: ConnectionSecrets) {
    super();
    this.#transactions = transactions;
    this.#audit = audit;
    this.#secrets = secrets;
  }

  override async create(
    connection: NewConnection,
    asking: Asking,
  ): Promise<{ readonly connection: Connection; readonly secret: Secret | null }> {
    checkPublicKey(connection);
    checkAccepts(connection.kind, connection.accepts);
    const id = newId<ConnectionId>();
    const name = { organization: connection.organization, id };
    return this.#transactions.run('service', async (tx) => {
      const at = await insertConnection(tx, id, connection);
      if (at === null) throw await whyNot(tx, connection.organization);
      const minted = connection.publicKey === null ? this.#secrets.mint(connection.kind) : null;
      const lifeS = connection.secretLifeS ?? null;
      if (minted !== null) await insertConnectionSecret(tx, name, minted.kept, lifeS);
      await this.#write(tx, asking, { ...name, at, action: 'connection.created' });
      return { connection: await existing(tx, name), secret: minted?.shown ?? null };
    });
  }

  override change(
    name: ConnectionName,
    change: ConnectionChange,
    asking: Asking,
  ): Promise<Connection> {
    return this.#transactions.run('service', async (tx) => {
      const changed = await updateConnection(tx, name, change);
      if (changed === null) throw new DomainError('connection.unknown');
      const { silenceAfterS, interop, accepts } = change;
      checkAccepts(changed.kind, accepts);
      if (silenceAfterS !== undefined) await forgetSilence(tx, name);
      await this.#write(tx, asking, {
        ...name,
        at: changed.at,
        action: 'connection.changed',
        detail: {
          ...(silenceAfterS === undefined ? {} : { silence_after_s: silenceAfterS }),
          ...(interop === undefined ? {} : { interop }),
          ...(accepts === undefined ? {} : { accepts }),
        },
      });
      return existing(tx, name);
    });
  }

  override rotate(
    name: ConnectionName,
    { overlapS, lifeS = null }: Rotation,
    asking: Asking,
  ): Promise<NewSecret> {
    return this.#transactions.run('service', async (tx) => {
      const locked = await lockConnection(tx, name);
      if (locked === null) throw new DomainError('connection.unknown');
      if (locked.public_key !== null)
        throw new DomainError(
          'request.invalid_value',
          'this connection has a public key, no secret',
        );
      const { at, expire_at, older } = await expireConnectionSecrets(tx, name, overlapS);
      const { shown, kept } = this.#secrets.mint(locked.kind);
      const expiresAt = await insertConnectionSecret(tx, name, kept, lifeS);
      await this.#write(tx, asking, {
        ...name,
        at,
        action: 'connection.secret_rotated',
        detail: {
          overlap_s: overlapS,
          ...(lifeS === null ? {} : { life_s: lifeS }),
          ended_at_once: older,
        },
      });
      return { secret: shown, expiresAt, previousExpireAt: expire_at };
    });
  }

  override remove(name: ConnectionName, asking: Asking): Promise<void> {
    return this.#transactions.run('service', async (tx) => {
      const at = await removeConnection(tx, name);
      if (at === null) throw new DomainError('connection.unknown');
      await this.#write(tx, asking, { ...name, at, action: 'connection.removed' });
    });
  }

  override get({ organization, id }: ConnectionName): Promise<Connection | null> {
    return this.#transactions.read('service', async (tx) => {
      const row = await selectConnection(tx, organization, id);
      return row === null ? null : connectionOf(row);
    });
  }

  override list(
    organization: OrganizationId,
    page: PageOf<ConnectionId>,
  ): Promise<Listed<Connection>> {
    return this.#transactions.read('service', async (tx) => {
      const rows = await listConnections(tx, organization, oneMore(page));
      return listed(rows.map(connectionOf), page.limit);
    });
  }

  #write(tx: Tx, asking: Asking, deed: ConnectionDeed): Promise<void> {
    const entry = deedEntry(
      {
        organization: deed.organization,
        at: deed.at,
        action: deed.action,
        subject: { type: 'connection', id: deed.id },
        connection: deed.id,
        ...(deed.detail ? { detail: deed.detail } : {}),
      },
      asking,
    );
    return this.#audit.append(tx, [entry]);
  }
}

interface ConnectionDeed extends ConnectionName {
  readonly at: Date;
  readonly action:
    | 'connection.created'
    | 'connection.changed'
    | 'connection.secret_rotated'
    | 'connection.removed';
  readonly detail?: Readonly<Record<string, number | string | null>>;
}

async function existing(tx: Tx, { organization, id }: ConnectionName): Promise<Connection> {
  const row = await selectConnection(tx, organization, id);
  if (row === null) throw new DomainError('connection.unknown');
  return connectionOf(row);
}

async function whyNot(tx: Tx, organization: OrganizationId): Promise<DomainError> {
  return (await selectOrganization(tx, organization)) === null
    ? new DomainError('organization.unknown')
    : new DomainError('connection.unknown', 'identities_from names no connection here');
}

function checkAccepts(kind: ConnectionKind, accepts: Accepts = 'bearer'): void {
  if (accepts !== 'bearer' && kind !== 'scim')
    throw new DomainError('request.invalid_value', 'accepts: of a scim connection only');
}

function checkPublicKey({ kind, publicKey }: NewConnection): void {
  if (publicKey === null) return;
  if (CONNECTION_KINDS[kind].credential !== 'signature')
    throw new DomainError('request.invalid_value', 'public_key: this kind is not signed');
  if (publicKeyBytes(publicKey) === null)
    throw new DomainError(
      'request.invalid_value',
      'public_key: must be whpk_ and 32 bytes in base64',
    );
}
