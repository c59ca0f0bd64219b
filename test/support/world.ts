import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { Heart } from '../../src/deprovision/heart.js';
import type { Clock } from '../../src/kernel/clock.js';
import {
  newId,
  type ConnectionId,
  type DeviceId,
  type FamilyId,
  type OrganizationId,
  type UserId,
} from '../../src/kernel/ids.js';
import { Secret } from '../../src/kernel/secret.js';
import type { Lane } from '../../src/kernel/tx.js';
import { RevocationPublisher, type OutboxRecord } from '../../src/outbox/index.js';
import { SystemClock } from '../../src/platform/clock/system-clock.js';
import { sha256 } from '../../src/platform/crypto/sha256.js';
import { openLanes } from '../../src/platform/postgres/lanes.js';
import { PostgresTransactions } from '../../src/platform/postgres/postgres-transactions.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

/** Remembers what it was offered. */
export class RememberingPublisher extends RevocationPublisher {
  readonly offered: OutboxRecord[] = [];

  override offer(records: readonly OutboxRecord[]): void {
    this.offered.push(...records);
  }
}

export const systemClock: Clock = new SystemClock();

/** The heart on a database of its own, and SQL to set the scene and to look behind it. */
export class World {
  readonly publisher = new RememberingPublisher();
  readonly transactions: PostgresTransactions;
  readonly heart: Heart;

  private constructor(
    readonly database: TestDatabase,
    readonly lanes: Readonly<Record<Lane, DataSource>>,
    readonly outside: pg.Pool,
    partitions: number,
  ) {
    this.transactions = new PostgresTransactions(lanes);
    this.heart = new Heart({
      atOnce: 8,
      transactions: this.transactions,
      publisher: this.publisher,
      press: { hash: sha256, partitions, epoch: 1 },
      clock: systemClock,
      setFailed: () => undefined,
    });
  }

  static async open(given?: TestDatabase, partitions = 3): Promise<World> {
    const database = given ?? (await createTestDatabase());
    const lanes = await openLanes(new Secret(database.serviceUrl));
    const outside = new pg.Pool({ connectionString: database.superuserUrl, max: 20 });
    // A server that is broken on purpose breaks idle connections too.
    outside.on('error', () => undefined);
    return new World(database, lanes, outside, partitions);
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.lanes).map((lane) => lane.destroy()));
    await this.outside.end();
    await this.database.drop();
  }

  async query<R extends object = Record<string, unknown>>(
    text: string,
    values: unknown[] = [],
  ): Promise<R[]> {
    return (await this.outside.query<R>(text, values)).rows;
  }

  async organization(): Promise<OrganizationId> {
    const id = newId<OrganizationId>();
    await this.query('insert into organizations (id, name) values ($1, $2)', [id, 'Example']);
    await this.query(
      `insert into subject_generations (organization_id, scope, subject_id) values ($1, 'org', $1)`,
      [id],
    );
    return id;
  }

  async connection(
    organization: OrganizationId,
    more: { kind?: string; link?: string; from?: ConnectionId } = {},
  ): Promise<ConnectionId> {
    const id = newId<ConnectionId>();
    await this.query(
      'insert into connections (id, organization_id, kind, name, link, identities_from) values ($1, $2, $3, $4, $5, $6)',
      [
        id,
        organization,
        more.kind ?? 'scim',
        'a connection',
        more.link ?? 'user-name',
        more.from ?? null,
      ],
    );
    return id;
  }

  async device(organization: OrganizationId): Promise<DeviceId> {
    const id = newId<DeviceId>();
    await this.query('insert into devices (id, organization_id, device_id) values ($1, $2, $3)', [
      id,
      organization,
      `device-${id}`,
    ]);
    await this.query(
      `insert into subject_generations (organization_id, scope, subject_id) values ($1, 'device', $2)`,
      [organization, id],
    );
    return id;
  }

  /** A device token as the device-auth door would have issued it now. */
  async token(organization: OrganizationId, user: UserId, device: DeviceId): Promise<FamilyId> {
    const id = newId<FamilyId>();
    const key = newId();
    await this.query(
      `with k as (insert into api_keys (id, organization_id, name, scopes, digest) values ($4, $2, 'a key', '{}', $6)),
            g as (insert into subject_generations (organization_id, scope, subject_id) values ($2, 'family', $1)),
            a as (insert into assignments (id, organization_id, device_id, user_id) values ($7, $2, $5, $3)
                  on conflict do nothing)
       insert into device_tokens (id, organization_id, user_id, device_id, api_key_id, gen_o, gen_u, gen_d, gen_f,
                                  bootstrap_digest, bootstrap_expires_at, created_at, expires_at)
       select $1, $2, $3, $5, $4, 1, (select generation from subject_generations where scope = 'user' and subject_id = $3), 1, 1,
              $6, now() + interval '15 min', now(), now() + interval '30 days'`,
      [id, organization, user, key, device, randomBytes(32), newId()],
    );
    return id;
  }

  async generation(scope: string, id: string): Promise<number> {
    const [row] = await this.query<{ generation: string }>(
      'select generation from subject_generations where scope = $1 and subject_id = $2',
      [scope, id],
    );
    return Number(row?.generation);
  }

  async holds(user: UserId): Promise<string[]> {
    const [row] = await this.query<{ holds: object }>(
      `select holds from subject_generations where scope = 'user' and subject_id = $1`,
      [user],
    );
    return Object.keys(row?.holds ?? {});
  }
}
