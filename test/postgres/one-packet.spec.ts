// P1: what travels in one packet with BEGIN or COMMIT is inside the transaction all the same: all of it, or nothing.
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { PoolClient } from 'pg';
import type { EntityManager } from 'typeorm';
import { inOnePacket, PostgresTx } from '../../src/platform/postgres/postgres-tx.js';
import { firstRows, lastly, rows, sql, touch } from '../../src/platform/postgres/rows.js';
import { asSuperuser } from '../support/template-database.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { World } from '../support/world.js';

const add = sql('test.add', 'insert into noted (what) values ($1)');
const all = sql('test.all', 'select what from noted order by what');
const now = sql('test.now', 'select now() as at');

let database: TestDatabase;
let world: World;
beforeAll(async () => {
  database = await createTestDatabase();
  await asSuperuser(database.superuserUrl, [
    'create table noted (what text primary key)',
    'grant select, insert, delete on noted to public',
  ]);
  world = await World.open(database);
});
beforeEach(() => asSuperuser(database.superuserUrl, ['delete from noted']));
afterAll(() => world.close());

const noted = (): Promise<string[]> =>
  world.transactions.read('service', async (tx) =>
    (await rows<{ what: string }>(tx, all)).map(({ what }) => what),
  );

it('a first and a last statement belong to the transaction', async () => {
  const times = await world.transactions.run('deprovision', async (tx) => {
    const [first] = await firstRows<{ at: Date }>(tx, now);
    await touch(tx, add, ['early']);
    const [second] = await rows<{ at: Date }>(tx, now);
    lastly(tx, add, ['late']);
    return [first?.at, second?.at];
  });
  // now() is when the transaction began.
  expect(times[1]).toEqual(times[0]);
  expect(await noted()).toEqual(['early', 'late']);
});

it('a last statement that fails takes everything with it, and its own error is told', async () => {
  const done = world.transactions.run('deprovision', async (tx) => {
    await touch(tx, add, ['one']);
    lastly(tx, add, ['two']);
    lastly(tx, add, ['one']);
  });
  await expect(done).rejects.toMatchObject({ code: '23505' });
  expect(await noted()).toEqual([]);
});

it('work that fails after its last statement was sent leaves nothing', async () => {
  const done = world.transactions.run('deprovision', async (tx) => {
    await touch(tx, add, ['one']);
    lastly(tx, add, ['two']);
    throw new Error('on second thoughts');
  });
  await expect(done).rejects.toThrow('on second thoughts');
  expect(await noted()).toEqual([]);
});

it('a connection that has lost a transaction serves the next one', async () => {
  for (let i = 0; i < 20; i += 1) {
    const lost = world.transactions.run('deprovision', async (tx) => {
      await touch(tx, add, ['same']);
      lastly(tx, add, ['same']);
    });
    await expect(lost).rejects.toMatchObject({ code: '23505' });
  }
  await world.transactions.run('deprovision', (tx) => touch(tx, add, ['kept']));
  expect(await noted()).toEqual(['kept']);
});

it('nothing is written by itself when BEGIN was refused', async () => {
  const sent: string[] = [];
  const client = {
    query: ({ name }: { readonly name: string }) => {
      sent.push(name);
      return Promise.resolve({ rows: [{}], rowCount: 1 });
    },
  } as unknown as PoolClient;
  const refused = Promise.reject(new Error('no transaction'));
  refused.catch(() => undefined);
  const tx = new PostgresTx(client, null as unknown as EntityManager, refused).asTx();
  await expect(touch(tx, add, ['alone'])).rejects.toThrow('no transaction');
  expect(sent).toEqual([]);
  await expect(firstRows(tx, now)).rejects.toThrow('no transaction');
});

it('what is sent within one turn leaves in one piece', async () => {
  const pieces: string[] = [];
  let corked = 0;
  let waiting = '';
  const stream = {
    cork: () => (corked += 1),
    uncork: () => {
      corked -= 1;
      if (corked === 0 && waiting !== '') pieces.push(waiting);
      waiting = '';
    },
    write: (text: string) => (waiting += text),
  };
  inOnePacket({ connection: { stream } } as unknown as PoolClient);
  stream.write('begin ');
  await Promise.resolve();
  stream.write('lock');
  await new Promise(setImmediate);
  expect(pieces).toEqual(['begin lock']);
});
