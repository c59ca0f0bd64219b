// P8: what a deprovision costs does not grow with the organization.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId, type ConnectionId, type OrganizationId } from '../../src/kernel/ids.js';
import { eventually } from '../support/eventually.js';
import { World } from '../support/world.js';

const OTHERS = 5_000;
/** So many that each connection goes by its generic plan in the end. */
const LEAVERS = 100;

let world: World;
let organization: OrganizationId;
let connection: ConnectionId;

beforeAll(async () => {
  world = await World.open();
  organization = await world.organization();
  connection = await world.connection(organization);
});
afterAll(async () => {
  await world.outside.end();
  await world.database.drop();
});

const origin = () => ({ organization, connection, requestId: newId(), receivedAt: new Date() });

async function joins(): Promise<string> {
  const userName = `${newId()}@example.com`;
  const outcome = await world.heart.changeResource({
    kind: 'create',
    origin: origin(),
    word: 'true',
    image: { userName, externalId: userName, emails: [userName], active: true, attributes: {} },
  });
  if (outcome.kind !== 'done') throw new Error(outcome.kind);
  return outcome.resource.id;
}

async function leaves(resource: string): Promise<void> {
  const outcome = await world.heart.changeResource({
    kind: 'edit',
    origin: origin(),
    resource: resource as never,
    edit: (stored) => ({ word: 'false', next: { ...stored, active: false } }),
  });
  expect(outcome).toMatchObject({ kind: 'done', changed: true });
}

/** Thousands who have nothing to do with it; few enough for PostgreSQL to think that it may as well read all of them. */
async function othersJoin(): Promise<void> {
  await world.query(
    `with u as (insert into users (id, organization_id)
                select gen_random_uuid(), $1 from generate_series(1, $3::integer) returning id),
          r as (insert into resources (id, organization_id, connection_id, user_id, user_name, user_name_key, emails, active,
                                       attributes, version, created_at, changed_at)
                select id, $1, $2, id, id::text, id::text, '{}', true, '{}', 1, now(), now() from u),
          i as (insert into identities (organization_id, connection_id, kind, value, user_id)
                select $1, $2, 'user_name', id::text, id from u),
          d as (insert into devices (id, organization_id, device_id) select id, $1, id::text from u),
          a as (insert into assignments (id, organization_id, device_id, user_id) select id, $1, id, id from u)
     insert into subject_generations (organization_id, scope, subject_id) select $1, 'user', id from u`,
    [organization, connection, OTHERS],
  );
  await world.query('analyze');
}

it('a deactivation touches the leaver, and not the thousands who stay', async () => {
  await othersJoin();
  const leavers = await Promise.all(Array.from({ length: LEAVERS }, joins));
  await Promise.all(leavers.map(leaves));
  // A session reports what it read at the latest when it ends.
  await Promise.all(Object.values(world.lanes).map((lane) => lane.destroy()));
  await eventually(async () => {
    const left = await world.query(
      `select from pg_stat_activity where usename = 'offswitch_service' and datname = current_database()`,
    );
    return left.length === 0;
  });
  const read = await world.query<{ relname: string; rows: number }>(
    `select relname, (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::integer as rows
       from pg_stat_user_tables
      where relname in ('resources', 'identities', 'assignments', 'device_tokens', 'subject_generations')`,
  );
  const most = Math.max(...read.map(({ rows }) => rows));
  expect(most).toBeGreaterThan(LEAVERS);
  expect(most).toBeLessThan(LEAVERS * 40);
});
