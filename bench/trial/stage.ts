import pg from 'pg';
import { newId, type ConnectionId, type OrganizationId } from '../../src/kernel/ids.js';
import { sha256 } from '../../src/platform/crypto/sha256.js';
import { genesis } from '../../src/outbox/domain/watermarks.js';
import { partitionOf } from '../../src/contract/signed-message.js';
import { DeviceWorld } from '../../test/support/device-world.js';
import { createTestDatabase } from '../../test/support/test-database.js';
import type { Dice } from './dice.js';

/** More than one, so that they can be at odds; no more, for each costs its round of watermarks. */
export const PARTITIONS = 2;

export interface Person {
  /** Of the user, and of the SCIM resource. */
  readonly id: string;
}

export interface Company {
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
  readonly apiKey: string;
  readonly people: readonly Person[];
}

// Everything that asks the database for the time finds this function before PostgreSQL's own.
const CLOCK = `
  create schema trial;
  create unlogged table trial.clock (now timestamptz not null);
  insert into trial.clock select date_trunc('milliseconds', now());
  create function trial.clock_timestamp() returns timestamptz language sql volatile
    as 'select now from trial.clock';
  grant usage on schema trial to public;
  grant select on trial.clock to public`;

// What POST /v1/organizations and SCIM write, in one trip.
const FOUND = `
  with o as (insert into organizations (id, name) values ($1::uuid, 'Example')),
  c as (insert into connections (id, organization_id, kind, name) values ($2::uuid, $1, 'scim', 'IdP')),
  k as (insert into api_keys (id, organization_id, name, scopes, digest) values ($3::uuid, $1, 'backend', '{}', sha256($3::uuid::text::bytea))),
  p as materialized (select unnest($4::uuid[]) as id),
  u as (insert into users (id, organization_id) select id, $1 from p),
  r as (
    insert into resources (id, organization_id, connection_id, user_id, user_name, user_name_key, external_id, emails, active,
                           attributes, version, created_at, changed_at)
    select id, $1, $2, id, id::text, id::text, null, '{}', true, jsonb_build_object('userName', id), 1,
           trial.clock_timestamp(), trial.clock_timestamp() from p),
  i as (
    insert into identities (organization_id, connection_id, kind, value, user_id)
    select $1, $2, kind, p.id::text, p.id from p, unnest(array['user_name', 'scim_id']) as kind)
  insert into subject_generations (organization_id, scope, subject_id)
  select $1, 'org', $1 union all select $1, 'user', id from p`;

/** A database whose clock goes only when it is told to, and the rooms of the service on it. One trial at a time. */
export class Stage {
  /** True time, which is the primary's. */
  nowMs: number;

  private constructor(
    readonly at: DeviceWorld,
    readonly outside: pg.Pool,
    nowMs: number,
  ) {
    this.nowMs = nowMs;
  }

  /** @param cluster superuser's address; the cluster of the test run by default */
  static async open(cluster?: string): Promise<Stage> {
    const database = await createTestDatabase(cluster);
    const outside = new pg.Pool({ connectionString: database.superuserUrl, max: 4 });
    outside.on('error', () => undefined);
    await outside.query(CLOCK);
    await outside.query(
      `alter database ${database.name} set search_path = trial, public, pg_catalog`,
    );
    const { rows } = await outside.query<{ now: Date }>('select now from trial.clock');
    return new Stage(
      await DeviceWorld.open(1, database, PARTITIONS),
      outside,
      rows[0]!.now.getTime(),
    );
  }

  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    await this.outside.query({
      name: 'pass',
      text: 'update trial.clock set now = to_timestamp($1::float8 / 1000)',
      values: [this.nowMs],
    });
  }

  /** An organization of its own. Which partitions its people's records take is decided by the dice. */
  async found(people: number, dice: Dice): Promise<Company> {
    const company = {
      organization: newId<OrganizationId>(),
      connection: newId<ConnectionId>(),
      apiKey: newId<string>(),
    };
    const { organization } = company;
    const made = Array.from({ length: people }, () => ({
      id: idOn(organization, dice.between(0, PARTITIONS - 1)),
    }));
    await this.outside.query({
      name: 'found',
      text: FOUND,
      values: [organization, company.connection, company.apiKey, made.map(({ id }) => id)],
    });
    return { ...company, people: made };
  }

  /** An outbox that is empty, and chains that begin. @returns the genesis of each partition */
  async begin(installation: string, topic: string) {
    const heads = Array.from({ length: PARTITIONS }, (_, partition) =>
      genesis(
        { installation, topic, partition, partitions: PARTITIONS, epoch: 1 },
        new Date(this.nowMs),
        sha256,
      ),
    );
    await this.outside.query({
      name: 'begin',
      text: `with q as (delete from outbox_pending), k as (delete from revoked_kids)
             insert into watermark_heads (partition, seq, digest, value)
             select n - 1, 0, digest, value from unnest($1::text[], $2::bytea[]) with ordinality as g (digest, value, n)
             on conflict (partition) do update
                set seq = 0, digest = excluded.digest, value = excluded.value, term = 0, holder = null,
                    leased_until = null, acked_at = null`,
      values: [heads.map(({ digest }) => digest), heads.map(({ value }) => value)],
    });
    return heads;
  }

  async close(): Promise<void> {
    await this.outside.end();
    await this.at.close();
  }
}

function idOn(organization: string, partition: number): string {
  for (;;) {
    const id = newId<string>();
    if (partitionOf(`${organization}/user/${id}`, PARTITIONS, sha256) === partition) return id;
  }
}
