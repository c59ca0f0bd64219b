// P7: nobody is found but those who are meant, and those who are meant are found, also who was there before the upgrade.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { FoldedAttributes1764273500000 as FoldedAttributes } from '../../migrations/1764273500000-folded-attributes.js';
import { migrations } from '../../migrations/index.js';
import { newId } from '../../src/kernel/ids.js';
import { migrate, migratePrivileged } from '../../src/platform/postgres/migrate.js';
import { addressOf, asSuperuser, OWNER } from '../support/template-database.js';

/** More than the migration takes at once. */
const PEOPLE = 1_500;

const cluster = process.env['OFFSWITCH_TEST_DATABASE_URL']!;
const name = `folded_${randomBytes(6).toString('hex')}`;

beforeAll(() => asSuperuser(cluster, [`create database ${name} owner ${OWNER}`]));
afterAll(() => asSuperuser(cluster, [`drop database ${name}`]));

it('people of before are folded as the service folds them', async () => {
  const before = migrations.slice(0, migrations.indexOf(FoldedAttributes));
  await migratePrivileged({
    url: addressOf(cluster, name),
    owner: OWNER,
    migrations: before,
  });
  const client = new pg.Client({ connectionString: addressOf(cluster, name) });
  await client.connect();
  try {
    const organization = newId();
    const connection = newId();
    await client.query('insert into organizations (id, name) values ($1, $2)', [organization, 'x']);
    await client.query(
      `insert into connections (id, organization_id, kind, name, link) values ($1, $2, 'scim', 'x', 'none')`,
      [connection, organization],
    );
    await client.query(
      `with n as (select n, gen_random_uuid() as id from generate_series(1, $3::integer) as n),
            u as (insert into users (id, organization_id) select id, $1 from n)
       insert into resources (id, organization_id, connection_id, user_id, user_name, user_name_key, active, attributes,
                              created_at, changed_at)
       select id, $1, $2, id, n::text, n::text, true,
              jsonb_build_object('displayName', 'ÉVA' || n, 'emails', jsonb_build_array(jsonb_build_object('value', 'A@X', 'primary', true))),
              now(), now() from n`,
      [organization, connection, PEOPLE],
    );
    await migrate({ url: addressOf(cluster, name, OWNER) });
    const { rows } = await client.query<{ n: number }>(
      `select count(*)::int as n from resources
        where folded = jsonb_build_object('displayName', 'éva' || user_name, 'emails', '[{"value": "a@x", "primary": true}]'::jsonb)`,
    );
    expect(rows[0]?.n).toBe(PEOPLE);
  } finally {
    await client.end();
  }
});
