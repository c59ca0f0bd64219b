// P1: durable before polite; P4: nothing is lost, nothing is undone: SIGKILL at each step of the walk.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { bearer, call } from '../../../src/cli/demo/client.js';
import { gather, type Cast } from '../../../src/cli/demo/cast.js';
import { leaveByEntra, leaveByOktaHook } from '../../../src/cli/demo/goodbyes.js';
import { newId, type UserId } from '../../../src/kernel/ids.js';
import { eventually } from '../../support/eventually.js';
import { privateKafka, type PrivateKafka } from '../../support/private-servers.js';
import { booksOf, discrepancies } from '../../support/reconcile.js';
import { RunningGateway } from '../../support/running-gateway.js';
import { ServiceProcess } from '../../support/service-process.js';
import { TcpProxy, type Direction, type Wire } from '../../support/tcp-proxy.js';
import { World } from '../../support/world.js';

const LONG = 180_000;
const NOTHING = { cases: 0, entries: 0, records: 0, acked: 0 };

let kafka: PrivateKafka;
let world: World;
let database: TcpProxy;
let service: ServiceProcess;
let gateways: RunningGateway[];

beforeAll(async () => {
  [kafka, world] = await Promise.all([privateKafka(), World.open()]);
  database = await TcpProxy.to(world.database.serviceUrl);
  service = await ServiceProcess.start({
    databaseUrl: database.instead(world.database.serviceUrl),
    brokers: kafka.address,
  });
  gateways = [];
  for (const name of ['north', 'south']) {
    const { key } = await call(`${service.url}/v1/gateways`, {
      method: 'POST',
      headers: bearer(service.adminKey),
      body: { name },
      expect: 201,
    });
    const at = { url: service.url, key: key as string };
    gateways.push(new RunningGateway({ brokers: kafka.address, service: at }));
  }
  await eventually(() => gateways.every(({ gateway }) => gateway.isReady));
}, LONG);

afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await service.stop();
  await database.close();
  await world.close();
  await kafka.stop();
}, LONG);

afterEach(() => {
  database.heal();
  kafka.proxy.heal();
});

/** Everything that the process would still have said is lost with it. */
async function killService(): Promise<void> {
  await service.kill();
  database.reset();
  database.heal();
}

/**
 * Holds back `direction` of each database connection that sends what `matches`; resolves when `wires` of them do.
 * Requests that stand before it in the same packet pass.
 */
function hold(
  application: string,
  matches: RegExp,
  { direction = 'requests', wires = 1 }: { direction?: Direction; wires?: number } = {},
): Promise<void> {
  return new Promise((resolve) => {
    let left = wires;
    database.watch((request: string, wire: Wire) => {
      const match = matches.exec(request);
      if (!wire.opening.includes(`offswitch ${application}`) || match === null) return;
      wire.silence(direction, direction === 'requests' ? match.index : 0);
      left -= 1;
      if (left === 0) resolve();
    });
  });
}

/** The message that prepares a statement, or binds one that is prepared. */
const prepared = (name: string): RegExp => new RegExp(`(?:P....|B....\\0)${name}`, 'su');

const isAnswered = (going: Promise<unknown>): Promise<boolean> =>
  going.then(
    () => true,
    () => false,
  );

const tokensOf = (cast: Cast, name: string): readonly string[] =>
  cast.seats.filter(({ person }) => person === name).map(({ token }) => token);

const everywhere = (cast: Cast, name: string, outcome: string): boolean =>
  gateways.every((gateway) =>
    tokensOf(cast, name).every((token) => gateway.outcome(token) === outcome),
  );

const areGone = (cast: Cast, ...names: readonly string[]): Promise<void> =>
  eventually(() => names.every((name) => everywhere(cast, name, 'deny: revoked.user')));

async function standing(cast: Cast, name: string): Promise<unknown> {
  const id = cast.people[name]!;
  const holds = (await world.holds(id as UserId)).map((hold) => hold.split(':')[0]);
  const [resource] = await world.query<{ active: boolean }>(
    'select active from resources where user_id = $1',
    [id],
  );
  const [tokens] = await world.query<{ live: number }>(
    'select count(*)::integer as live from device_tokens where user_id = $1 and revoked_at is null',
    [id],
  );
  const generation = await world.generation('user', id);
  return { active: resource!.active, live: tokens!.live, generation, holds };
}

/** What must be so in the end, however we got there. */
async function expectTheEnd(cast: Cast, ada: number): Promise<void> {
  await areGone(cast, 'ada', 'bob');
  await eventually(() => everywhere(cast, 'cleo', 'allow'));
  expect([
    await standing(cast, 'ada'),
    await standing(cast, 'bob'),
    await standing(cast, 'cleo'),
  ]).toEqual([
    { active: false, live: 0, generation: ada, holds: ['scim'] },
    // An event hook speaks of the person, not of the resource of another connection.
    { active: true, live: 0, generation: 2, holds: ['signal'] },
    { active: true, live: 1, generation: 1, holds: [] },
  ]);
  expect(await discrepancies(world, cast.organization)).toEqual([]);
  await eventually(async () => {
    const { items } = await call(`${service.url}/v1/organizations/${cast.organization}/cases`, {
      headers: bearer(service.adminKey),
      expect: 200,
    });
    return (items as { state: string; gateways: { state: string }[] }[]).every(
      (one) => one.state === 'enforced' && one.gateways.length === 2,
    );
  });
  const books = await booksOf(world, cast.organization);
  expect(books).toEqual({ cases: ada, entries: ada, records: ada, acked: ada });
}

describe('a service that is killed when', () => {
  it.each([
    ['it has received a deprovision', /Q....begin isolation/su],
    ['it holds the locks', prepared('heart.write_all')],
    ['it has written everything and not committed', /Q....commit\0/su],
  ] as const)(
    '%s leaves nothing, and the retry does all of it once',
    async (_, step) => {
      const cast = await gather(service.url, service.adminKey);
      const held = hold('deprovision', step, { wires: 2 });
      const event = newId();
      const first = [leaveByEntra(cast, 'ada'), leaveByOktaHook(cast, 'bob', event)];
      const answered = Promise.all(first.map(isAnswered));
      await held;
      await killService();
      expect(await answered).toEqual([false, false]);
      expect(await booksOf(world, cast.organization)).toEqual(NOTHING);
      await service.restart();
      await Promise.all([leaveByEntra(cast, 'ada'), leaveByOktaHook(cast, 'bob', event)]);
      await expectTheEnd(cast, 2);
    },
    LONG,
  );

  it(
    'it has committed and not answered has done it: gateways deny without a retry, which finds it done',
    async () => {
      const cast = await gather(service.url, service.adminKey);
      const held = hold('deprovision', /Q....commit\0/su, { direction: 'replies', wires: 2 });
      const event = newId();
      const first = [leaveByEntra(cast, 'ada'), leaveByOktaHook(cast, 'bob', event)];
      const answered = Promise.all(first.map(isAnswered));
      await held;
      await eventually(async () => (await booksOf(world, cast.organization)).cases === 2);
      await killService();
      expect(await answered).toEqual([false, false]);
      await service.restart();
      await areGone(cast, 'ada', 'bob');
      // A deprovision always raises; a signal is known by its id.
      await Promise.all([leaveByEntra(cast, 'ada'), leaveByOktaHook(cast, 'bob', event)]);
      await expectTheEnd(cast, 3);
    },
    LONG,
  );

  it(
    'it has answered and not published keeps its word',
    async () => {
      const cast = await gather(service.url, service.adminKey);
      kafka.proxy.silence('requests');
      await Promise.all([leaveByEntra(cast, 'ada'), leaveByOktaHook(cast, 'bob', newId())]);
      await killService();
      const committed = { cases: 2, entries: 2, records: 2, acked: 0 };
      expect(await booksOf(world, cast.organization)).toEqual(committed);
      kafka.proxy.reset();
      kafka.proxy.heal();
      await service.restart();
      await expectTheEnd(cast, 2);
    },
    LONG,
  );

  it(
    'it has published and not written the acknowledgement down sends once more, and nothing changes',
    async () => {
      const cast = await gather(service.url, service.adminKey);
      const held = hold('background', prepared('outbox.mark-acked'));
      await Promise.all([leaveByEntra(cast, 'ada'), leaveByOktaHook(cast, 'bob', newId())]);
      await areGone(cast, 'ada', 'bob');
      await held;
      await killService();
      expect((await booksOf(world, cast.organization)).acked).toBe(0);
      await service.restart();
      await expectTheEnd(cast, 2);
    },
    LONG,
  );

  it(
    'a receipt has arrived and is not stored reads it again',
    async () => {
      const cast = await gather(service.url, service.adminKey);
      const held = hold('background', prepared('outbox.store-receipts'));
      await Promise.all([leaveByEntra(cast, 'ada'), leaveByOktaHook(cast, 'bob', newId())]);
      await areGone(cast, 'ada', 'bob');
      await held;
      await killService();
      await service.restart();
      await expectTheEnd(cast, 2);
    },
    LONG,
  );

  it(
    'it has done half of a bulk request that was put off does the other half, each operation once',
    async () => {
      const cast = await gather(service.url, service.adminKey);
      const held = hold('deprovision', prepared('heart.insert_group'));
      const headers = { ...bearer(cast.scim.secret), 'content-type': 'application/scim+json' };
      const Operations = [
        {
          ...{ method: 'POST', path: '/Users', bulkId: 'dora' },
          data: { userName: 'dora@example.com' },
        },
        {
          ...{ method: 'POST', path: '/Groups', bulkId: 'staff' },
          data: { displayName: 'Staff', members: [{ value: 'bulkId:dora' }] },
        },
      ];
      const taken = await fetch(`${cast.scim.url}/Bulk`, {
        method: 'POST',
        headers: { ...headers, prefer: 'respond-async' },
        body: JSON.stringify({
          schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
          Operations,
        }),
      });
      expect(taken.status).toBe(202);
      const outcome = taken.headers.get('location')!;
      await held;
      await killService();
      const names = () =>
        world.query(
          `select r.user_name as name from resources r where r.organization_id = $1 and r.user_name like 'dora%'
           union all
           select g.display_name from groups g where g.organization_id = $1`,
          [cast.organization],
        );
      expect(await names()).toEqual([{ name: 'dora@example.com' }]);
      await service.restart();
      // The dead one is thought to be at work until its hold has run out.
      const told = async () => {
        const answer = await fetch(outcome, { headers });
        return answer.status === 200 ? ((await answer.json()) as object) : null;
      };
      await eventually(async () => (await told()) !== null);
      expect(await names()).toEqual([{ name: 'dora@example.com' }, { name: 'Staff' }]);
      expect(await told()).toMatchObject({
        Operations: [
          { method: 'POST', bulkId: 'dora', status: '201', version: 'W/"1"' },
          { method: 'POST', bulkId: 'staff', status: '201', version: 'W/"1"' },
        ],
      });
      const members = await world.query(
        `select r.user_name as name from group_members m join resources r on r.id = m.resource_id
          where m.organization_id = $1`,
        [cast.organization],
      );
      expect(members).toEqual([{ name: 'dora@example.com' }]);
    },
    LONG,
  );
});
