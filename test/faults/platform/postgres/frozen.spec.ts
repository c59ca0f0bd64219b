// P6: our own trouble is 503 in bounded time, also while PostgreSQL holds its connections and says nothing.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { sql, touch } from '../../../../src/platform/postgres/rows.js';
import { eventually } from '../../../support/eventually.js';
import { privatePostgres, type PrivatePostgres } from '../../../support/private-servers.js';
import { RunningService } from '../../../support/running-service.js';
import { World } from '../../../support/world.js';

const MARK = sql('test.frozen_mark', 'insert into frozen_marks (name) values ($1)');
let postgres: PrivatePostgres;
let service: RunningService;

beforeAll(async () => {
  postgres = await privatePostgres();
  const world = await World.open(await postgres.createDatabase());
  await world.outside.query('create table frozen_marks (name text primary key)');
  await world.outside.query('grant all on frozen_marks to public');
  service = await RunningService.start(world);
}, 120_000);
afterEach(() => {
  postgres.thaw();
});
afterAll(async () => {
  await service.stop();
  await postgres.stop();
}, 60_000);

const marks = async (name: string): Promise<number> =>
  (await service.world.outside.query('select from frozen_marks where name = $1', [name])).rowCount!;

const mark = (name: string, beforeCommit = (): void => undefined): Promise<void> =>
  service.world.transactions.run('deprovision', async (tx) => {
    await touch(tx, MARK, [name]);
    beforeCommit();
  });

describe('a frozen PostgreSQL', () => {
  it('leaves probes and keys answered, a write 503, and everything working after the thaw', async () => {
    postgres.freeze();
    const [ready, keys, metrics, write] = await Promise.all([
      service.ask('GET', '/health/ready'),
      service.ask('GET', '/.well-known/jwks.json'),
      fetch(`${service.url}/metrics`),
      service.admin('POST', '/v1/gateways', { name: 'frozen' }),
    ]);
    expect([ready.status, ready.body.postgres]).toEqual([503, 'down']);
    expect(keys.status).toBe(200);
    expect(keys.body.keys).not.toHaveLength(0);
    expect(metrics.status).toBe(200);
    expect(write.status).toBe(503);
    postgres.thaw();
    await eventually(async () => (await service.ask('GET', '/health/ready')).status === 200);
    expect((await service.admin('POST', '/v1/gateways', { name: 'thawed' })).status).toBe(201);
  }, 60_000);

  it('frozen before the write: 503, and nothing of it is left after the thaw', async () => {
    await mark('warm');
    postgres.freeze();
    await expect(mark('before')).rejects.toMatchObject({ code: 'store.unavailable' });
    postgres.thaw();
    await mark('after');
    expect([await marks('before'), await marks('after')]).toEqual([0, 1]);
  }, 60_000);

  it('frozen at COMMIT: 503, and the retry finds the work done', async () => {
    await expect(
      mark('commit', () => {
        postgres.freeze();
      }),
    ).rejects.toMatchObject({ code: 'store.unavailable' });
    postgres.thaw();
    await eventually(async () => (await marks('commit')) === 1);
    await mark('next');
    expect(await marks('next')).toBe(1);
  }, 60_000);
});
