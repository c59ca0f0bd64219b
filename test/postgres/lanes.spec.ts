// P1: a start waits for a database that is late, and says at once when one refuses.
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Secret } from '../../src/kernel/secret.js';
import { LANES, openLanes } from '../../src/platform/postgres/lanes.js';
import { eventually } from '../support/eventually.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let wire: TcpProxy;
beforeAll(async () => {
  database = await createTestDatabase();
  wire = await TcpProxy.to(database.serviceUrl);
});
afterEach(() => {
  wire.heal();
});
afterAll(async () => {
  await wire.close();
  await database.drop();
});

const url = (): Secret => new Secret(wire.instead(database.serviceUrl));

it('opens although the first connections were given up', async () => {
  let knocks = 0;
  wire.silence();
  wire.watch(() => (knocks += 1));
  const opening = openLanes(url());
  opening.catch(() => undefined);
  // Whoever gets no answer says one thing only: more than one each are second tries.
  await eventually(() => knocks > LANES.length);
  wire.heal();
  const opened = await opening;
  expect(Object.keys(opened)).toEqual(LANES);
  expect(await opened.doors.query('select 1 as one')).toEqual([{ one: 1 }]);
  await Promise.all(Object.values(opened).map((lane) => lane.destroy()));
});

it('says at once that a server refuses, and leaves nothing open', async () => {
  wire.cut();
  await expect(openLanes(url())).rejects.toThrow();
  expect(wire.connections).toBe(0);
});
