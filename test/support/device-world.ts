import type { Refusal } from '../../src/audit/index.js';
import { PostgresAuditLog } from '../../src/audit/postgres/postgres-audit-log.js';
import { Refusals } from '../../src/audit/refusals.js';
import { PostgresApiKeyDoor } from '../../src/api-keys/postgres/postgres-api-key-door.js';
import { PostgresApiKeys } from '../../src/api-keys/postgres/postgres-api-keys.js';
import type { OpenApiKey } from '../../src/api-keys/index.js';
import type { Case } from '../../src/cases/index.js';
import { PostgresCases } from '../../src/cases/postgres-cases.js';
import { StoredDevices } from '../../src/directory/stored-devices.js';
import { StoredOrganizations } from '../../src/directory/stored-organizations.js';
import { StoredPeople } from '../../src/directory/stored-people.js';
import {
  newId,
  type ConnectionId,
  type OrganizationId,
  type ResourceId,
  type UserId,
} from '../../src/kernel/ids.js';
import type { Tx } from '../../src/kernel/tx.js';
import type { OutboxRecord } from '../../src/outbox/index.js';
import { PostgresOutbox } from '../../src/outbox/postgres-outbox.js';
import { TokenKeys } from '../../src/platform/crypto/key-ring.js';
import { OpaqueSecrets } from '../../src/platform/crypto/opaque-secrets.js';
import { generatePrivateJwks } from '../../src/platform/crypto/private-jwks.js';
import { RotatingSecrets } from '../../src/platform/crypto/rotating-secrets.js';
import type { RequestMark } from '../../src/platform/http/request.js';
import { Installation } from '../../src/platform/installation/installation.js';
import type { DeviceTokenAnswer } from '../../src/tokens/access-minter.js';
import { DeviceAuth } from '../../src/tokens/device-auth.js';
import { RememberingLog } from './remembering-log.js';
import type { TestDatabase } from './test-database.js';
import { systemClock, World } from './world.js';

const PEPPER = Buffer.alloc(32, 7);

class RememberingRefusals extends Refusals {
  readonly counted: Refusal[] = [];

  override count(refusal: Refusal): void {
    this.counted.push(refusal);
  }
}

class RememberingCases extends PostgresCases {
  readonly opened: Case[] = [];

  override async open(tx: Tx, subject: Case): Promise<void> {
    await super.open(tx, subject);
    this.opened.push(subject);
  }
}

class RememberingOutbox extends PostgresOutbox {
  readonly records: OutboxRecord[] = [];

  override async enqueue(tx: Tx, records: readonly OutboxRecord[]): Promise<void> {
    await super.enqueue(tx, records);
    this.records.push(...records);
  }
}

export const asking = { actor: { type: 'admin_key', id: newId() }, requestId: newId() } as const;
export const mark = (): RequestMark => ({ requestId: newId(), receivedAt: new Date() });

export interface Employee {
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
  readonly user: UserId;
  readonly resource: ResourceId;
  readonly userName: string;
}

/** The device-auth rooms beside the heart, on one database. */
export class DeviceWorld {
  readonly secrets = new OpaqueSecrets(PEPPER);
  readonly rotating = new RotatingSecrets(PEPPER, this.secrets);
  /** The second one signs when the first is revoked. */
  readonly keys = new TokenKeys({
    keys: [...generatePrivateJwks().keys, ...generatePrivateJwks().keys],
  });
  readonly installation: Installation;
  readonly audit = new PostgresAuditLog();
  readonly refusals = new RememberingRefusals();
  readonly cases = new RememberingCases();
  readonly outbox = new RememberingOutbox();
  readonly log = new RememberingLog();
  readonly devices: StoredDevices;
  readonly apiKeys: PostgresApiKeys;
  readonly door: PostgresApiKeyDoor;
  readonly deviceAuth: DeviceAuth;

  private constructor(
    readonly world: World,
    epoch: number,
    partitions: number,
  ) {
    this.installation = new Installation(newId(), 'urn:offswitch:test', epoch, partitions);
    const { transactions, publisher } = world;
    const organizations = new StoredOrganizations(transactions, this.audit);
    const people = new StoredPeople(transactions);
    const { audit, refusals, secrets, rotating, keys, cases, outbox, installation } = this;
    this.devices = new StoredDevices(transactions, audit);
    this.apiKeys = new PostgresApiKeys({ transactions, organizations, audit, secrets });
    const { devices, apiKeys } = this;
    this.door = new PostgresApiKeyDoor({
      transactions,
      secrets,
      refusals,
      installation: installation.id,
    });
    this.deviceAuth = new DeviceAuth({
      transactions,
      clock: systemClock,
      audit,
      refusals,
      cases,
      outbox,
      publisher,
      people,
      devices,
      organizations,
      apiKeys,
      secrets,
      rotating,
      keys,
      installation,
      log: this.log,
      audience: 'offswitch',
    });
  }

  /** @param epoch larger than 1 after a recovery */
  static async open(epoch = 1, database?: TestDatabase, partitions = 3): Promise<DeviceWorld> {
    return new DeviceWorld(await World.open(database, partitions), epoch, partitions);
  }

  close(): Promise<void> {
    return this.world.close();
  }

  /** A key of the organization, as its backend would show it. */
  async apiKey(organization: OrganizationId): Promise<OpenApiKey & { readonly text: string }> {
    const { key, secret } = await this.apiKeys.create(
      { organization, name: 'backend', scopes: ['device-tokens:bootstrap'] },
      asking,
    );
    return { organization, key: key.id, text: secret.reveal() };
  }

  /** Somebody whom a SCIM connection has brought. */
  async employee(
    organization: OrganizationId,
    connection: ConnectionId,
    more: { readonly externalId?: string; readonly userName?: string } = {},
  ): Promise<Employee> {
    const userName = more.userName ?? `${newId()}@example.com`;
    const outcome = await this.world.heart.changeResource({
      kind: 'create',
      origin: { organization, connection, ...mark() },
      word: 'true',
      image: {
        userName,
        externalId: more.externalId ?? null,
        emails: [],
        active: true,
        attributes: { userName },
      },
    });
    if (outcome.kind !== 'done') throw new Error(outcome.kind);
    const { user, id } = outcome.resource;
    return { organization, connection, user, resource: id, userName };
  }

  /** The IdP says `active: false`, or `true` again. */
  async say(active: boolean, { organization, connection, resource }: Employee): Promise<void> {
    const outcome = await this.world.heart.changeResource({
      kind: 'edit',
      origin: { organization, connection, ...mark() },
      resource,
      edit: (stored) => ({ word: active ? 'true' : 'false', next: { ...stored, active } }),
    });
    if (outcome.kind !== 'done') throw new Error(outcome.kind);
  }

  async issue(
    by: OpenApiKey,
    deviceId: string,
    user: { readonly id: string } | null,
    ttlS = 900,
  ): Promise<string> {
    const issued = await this.deviceAuth.issue.execute({
      by,
      deviceId,
      ttlS,
      person: user,
      mark: mark(),
    });
    return issued.token.reveal();
  }

  async redeem(presented: string, deviceIdentifier: string): Promise<DeviceTokenAnswer> {
    return this.deviceAuth.redeem.execute({
      shown: await this.deviceAuth.door.bootstrap(presented),
      redeemer: { deviceIdentifier, organization: null, deviceId: null },
      scopes: ['devices:write'],
      accessTtlS: 900,
      mark: mark(),
    });
  }

  /** @param presented a refresh secret, or the answer that brought one */
  refresh(presented: string | DeviceTokenAnswer): Promise<DeviceTokenAnswer> {
    const text = typeof presented === 'string' ? presented : presented.refreshToken.reveal();
    return this.deviceAuth.refresh.execute(text, mark());
  }

  /** Makes a device token look as old as this. */
  async age(family: string, ms: number): Promise<void> {
    await this.world.query(
      `update device_tokens
          set created_at = created_at - $2 * interval '1 ms', expires_at = expires_at - $2 * interval '1 ms',
              bootstrap_expires_at = bootstrap_expires_at - $2 * interval '1 ms',
              refreshed_at = refreshed_at - $2 * interval '1 ms', redeemed_at = redeemed_at - $2 * interval '1 ms'
        where id = $1`,
      [family, ms],
    );
  }
}
