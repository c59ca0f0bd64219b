// P4: nothing is lost, nothing is undone.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { migrate } from '../../src/platform/postgres/migrate.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

it('changes nothing when it runs again', async () => {
  expect(await migrate({ url: database.ownerUrl })).toEqual([]);
});
