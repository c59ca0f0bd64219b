// P2: dead stays dead, whatever the database is told to do by default: who waits for a lock reads what was done meanwhile.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { queryIn } from '../../src/platform/postgres/postgres-tx.js';
import { asSuperuser } from '../support/template-database.js';
import { createTestDatabase } from '../support/test-database.js';
import { World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  const database = await createTestDatabase();
  await asSuperuser(database.superuserUrl, [
    `alter database ${database.name} set default_transaction_isolation = 'serializable'`,
  ]);
  world = await World.open(database);
});
afterAll(() => world.close());

it('a transaction sees what was committed after it began', async () => {
  await world.transactions.run('deprovision', async (tx) => {
    const seen = async (): Promise<number | null> =>
      (await queryIn(tx, { text: 'select from organizations' })).rowCount;
    expect(await seen()).toBe(0);
    await world.organization();
    expect(await seen()).toBe(1);
  });
});
