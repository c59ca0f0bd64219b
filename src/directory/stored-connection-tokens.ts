import type { JWK } from 'jose';
import { entryOf, type AuditLog } from '../audit/index.js';
import type { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, readId, type ConnectionId, type EntryId, type Id } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import type { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import { TokenBuckets } from '../platform/rate/token-buckets.js';
import type { Asking } from './asking.js';
import { checkKeys, clientIn, proveAssertion, type ProvenAssertion } from './client-keys.js';
import type { ConnectionSecrets } from './connection-secrets.js';
import {
  ConnectionTokens,
  type ClientKey,
  type ClientProof,
  type IssuedToken,
} from './connection-tokens.js';
import type { ConnectionName } from './connections.js';
import { deedEntry } from './deed-entry.js';
import type { FailedAttempts } from './failed-attempts.js';
import {
  insertClientKey,
  removeClientKeysBut,
  selectClientKeys,
  useAssertion,
  type ClientKeyId,
} from './postgres/client-keys.js';
import { insertConnectionToken } from './postgres/connection-tokens.js';
import { lockConnection } from './postgres/lock-connection.js';
import { selectDoorsBySecret } from './postgres/select-door.js';

/** A stolen one is of little use, and a client asks six times an hour. */
const LIFE_S = 600;
/** Of one connection: a client that asks for each request has not understood. */
const ISSUES = { perSecond: 1, burst: 60, mostKeys: 10_000 } as const;

/** A client that has proven who it is, and by what. */
interface Proven {
  readonly name: ConnectionName;
  readonly secret: string | null;
  readonly key: ClientKeyId | null;
  readonly assertion: ProvenAssertion | null;
}

interface Place {
  readonly from: string;
  readonly requestId: string;
  readonly audiences: readonly string[];
}

export class StoredConnectionTokens extends ConnectionTokens {
  readonly #parts: StoredConnectionTokensParts;
  readonly #issues: TokenBuckets;

  constructor(parts: StoredConnectionTokensParts) {
    super();
    this.#parts = parts;
    this.#issues = new TokenBuckets(ISSUES, parts.clock);
  }

  override async issue(proof: ClientProof, place: Place): Promise<IssuedToken> {
    const proven =
      proof.kind === 'secret'
        ? await this.#bySecret(proof)
        : await this.#byAssertion(proof, place.audiences);
    if ('refused' in proven) throw await this.#refused(place, proven.refused);
    if (!this.#issues.take(proven.name.id))
      throw new DomainError('request.throttled', 'a token is good for ten minutes: keep it');
    const id = newId<Id<'connection-token'>>();
    const { text, digest } = this.#parts.opaque.mint('scimat', id);
    const { name, secret, key, assertion } = proven;
    const isNew = await this.#parts.transactions.run('service', async (tx) => {
      if (assertion !== null && !(await useAssertion(tx, name, assertion))) return false;
      const at = await insertConnectionToken(tx, name, { id, digest, secret, key, lifeS: LIFE_S });
      await this.#write(tx, {
        name,
        at,
        requestId: place.requestId,
        by: secret ? 'secret' : 'key',
      });
      return true;
    });
    if (!isNew) throw await this.#refused(place, name);
    return { token: text, expiresInS: LIFE_S };
  }

  override async setKeys(
    name: ConnectionName,
    keys: readonly JWK[],
    asking: Asking,
  ): Promise<readonly ClientKey[]> {
    const checked = await checkKeys(keys);
    const thumbprints = checked.map(({ thumbprint }) => thumbprint);
    const { transactions, audit } = this.#parts;
    return transactions.run('service', async (tx) => {
      const locked = await lockConnection(tx, name);
      if (locked === null) throw new DomainError('connection.unknown');
      if (locked.kind !== 'scim')
        throw new DomainError('request.invalid_value', 'only a scim connection fetches tokens');
      const removed = await removeClientKeysBut(tx, name, thumbprints);
      for (const key of checked)
        await insertClientKey(tx, name, { id: newId<ClientKeyId>(), ...key });
      const deed = {
        organization: name.organization,
        at: await audit.now(tx),
        action: 'connection.client_keys_set',
        subject: { type: 'connection', id: name.id },
        connection: name.id,
        detail: { thumbprints, removed },
      } as const;
      await audit.append(tx, [deedEntry(deed, asking)]);
      const rows = await selectClientKeys(tx, name.id);
      return rows.map(({ thumbprint, created_at }) => ({ thumbprint, createdAt: created_at }));
    });
  }

  async #bySecret({
    client,
    secret: text,
  }: Extract<ClientProof, { kind: 'secret' }>): Promise<Proven | Refused> {
    const { transactions, secrets } = this.#parts;
    const presented = secrets.read('scim', text);
    if (presented === null) return { refused: null };
    const [row] = await transactions.read('service', (tx) =>
      selectDoorsBySecret(tx, [presented.id], 'scim'),
    );
    if (row === undefined) return { refused: null };
    const name = { organization: row.organization_id, id: row.connection_id };
    const isWanted = row.is_live && row.accepts !== 'keys';
    const isProven = row.digest !== null && presented.matches(row.digest) && isWanted;
    if (!isProven || readId<ConnectionId>(client) !== name.id) return { refused: name };
    return { name, secret: presented.id, key: null, assertion: null };
  }

  async #byAssertion(
    { client, assertion: text }: Extract<ClientProof, { kind: 'assertion' }>,
    audiences: readonly string[],
  ): Promise<Proven | Refused> {
    const said = clientIn(text);
    const id = said === null ? null : readId<ConnectionId>(said);
    if (said === null || id === null || (client !== null && client !== said))
      return { refused: null };
    const keys = await this.#parts.transactions.read('service', (tx) => selectClientKeys(tx, id));
    const [first] = keys;
    if (first === undefined) return { refused: null };
    const name = { organization: first.organization_id, id };
    const assertion = await proveAssertion(text, said, { keys, audiences });
    const key = keys.find(({ thumbprint }) => thumbprint === assertion?.thumbprint);
    if (assertion === null || key === undefined) return { refused: name };
    return { name, secret: null, key: key.id, assertion };
  }

  async #refused({ from }: Place, name: ConnectionName | null): Promise<DomainError> {
    const reason = 'credential.client_invalid';
    const connection =
      name === null ? null : { organization: name.organization, connection: name.id };
    await this.#parts.attempts.note({ door: 'oauth', reason, from, credential: null, connection });
    return new DomainError(reason, 'this is no client of ours');
  }

  #write(
    tx: Tx,
    issued: {
      readonly name: ConnectionName;
      readonly at: Date;
      readonly requestId: string;
      readonly by: 'secret' | 'key';
    },
  ): Promise<void> {
    const { organization, id } = issued.name;
    const entry = entryOf({
      id: newId<EntryId>(),
      org: organization,
      at: issued.at.toISOString(),
      action: 'connection.token_issued',
      outcome: 'success',
      actor: { type: 'connection', id },
      subject: { type: 'connection', id },
      connection: id,
      request_id: issued.requestId,
      detail: { by: issued.by, life_s: LIFE_S },
    });
    return this.#parts.audit.append(tx, [entry]);
  }
}

interface Refused {
  /** The connection that it would be; null when there is none. */
  readonly refused: ConnectionName | null;
}

interface StoredConnectionTokensParts {
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly secrets: ConnectionSecrets;
  readonly opaque: OpaqueSecrets;
  readonly attempts: FailedAttempts;
  readonly clock: Clock;
}
