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
  /** Refresh secrets of devices that were enrolled before the trial: one of each of the first people. */
  readonly enrolled: readonly string[];
}

/** How many people have a device from the beginning on. */
const ENROLLED = 2;

// Everything that asks the database for the time finds this function before PostgreSQL's own. What a sequence holds is
// read without a snapshot, and set without a dead row.
const CLOCK = `
  create schema trial;
  create sequence trial.clock;
  select setval('trial.clock', floor(extract(epoch from pg_catalog.clock_timestamp()) * 1000)::bigint);
  create function trial.clock_timestamp() returns timestamptz language sql volatile
    as $$ select to_timestamp(pg_sequence_last_value('trial.clock'::regclass) / 1000::float8) $$;
  grant usage on schema trial to public;
  grant select, usage on sequence trial.clock to public`;

// What POST /v1/organizations, SCIM and, for the first people, the device-auth doors write, in one trip.
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
    select $1, $2, kind, p.id::text, p.id from p, unnest(array['user_name', 'scim_id']) as kind),
  f as materialized (
    select * from unnest($5::uuid[], $6::uuid[], $7::uuid[], $8::bytea[]) as t (id, device_id, user_id, digest)),
  d as (insert into devices (id, organization_id, device_id) select device_id, $1, device_id::text from f),
  a as (insert into assignments (id, organization_id, device_id, user_id) select id, $1, device_id, user_id from f),
  t as (
    insert into device_tokens (id, organization_id, user_id, device_id, api_key_id, gen_o, gen_u, gen_d, gen_f, scopes,
                               bootstrap_digest, bootstrap_expires_at, redeemed_at, refresh_digest, refreshed_at,
                               access_ttl_s, created_at, expires_at)
    select id, $1, user_id, device_id, $3, 1, 1, 1, 1, '{devices:write}', digest, now + interval '15 min', now, digest,
           now, 900, now, now + interval '30 days'
      from f, trial.clock_timestamp() as now)
  insert into subject_generations (organization_id, scope, subject_id)
  select $1, 'org', $1 union all select $1, 'user', id from p
  union all select $1, 'device', device_id from f union all select $1, 'family', id from f`;

/** A database whose clock goes only when it is told to, and the rooms of the service on it. One trial at a time. */
export class Stage {
  /** True time. The primary's, once it is shown to it. */
  nowMs: number;
  #shownMs: number;

  private constructor(
    readonly at: DeviceWorld,
    readonly outside: pg.Pool,
    nowMs: number,
  ) {
    this.nowMs = this.#shownMs = nowMs;
  }

  /** @param cluster superuser's address; the cluster of the test run by default */
  static async open(cluster?: string): Promise<Stage> {
    const database = await createTestDatabase(cluster);
    const outside = new pg.Pool({ connectionString: database.superuserUrl, max: 4 });
    outside.on('error', () => undefined);
    await outside.query(CLOCK);
    // No machine goes down in a trial: nobody has to wait for the disk.
    await outside.query(
      `alter database ${database.name} set search_path = trial, public, pg_catalog;
       alter database ${database.name} set synchronous_commit = off`,
    );
    const { rows } = await outside.query<{ now: Date }>('select trial.clock_timestamp() as now');
    return new Stage(
      await DeviceWorld.open(1, database, PARTITIONS),
      outside,
      rows[0]!.now.getTime(),
    );
  }

  /** Before anybody asks the primary for something. */
  async showTime(): Promise<void> {
    if (this.#shownMs === this.nowMs) return;
    this.#shownMs = this.nowMs;
    await this.outside.query({
      name: 'show-time',
      text: `select setval('trial.clock', $1)`,
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
    const families = made.slice(0, ENROLLED).map(({ id: user }) => {
      const id = newId<string>();
      return { id, device: newId<string>(), user, secret: this.at.rotating.first(id) };
    });
    await this.outside.query({
      name: 'found',
      text: FOUND,
      values: [
        organization,
        company.connection,
        company.apiKey,
        made.map(({ id }) => id),
        families.map(({ id }) => id),
        families.map(({ device }) => device),
        families.map(({ user }) => user),
        families.map(({ secret }) => secret.digest),
      ],
    });
    const enrolled = families.map(({ secret }) => secret.text.reveal());
    return { ...company, people: made, enrolled };
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
