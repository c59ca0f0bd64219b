// P8: what keeps the other lanes busy does not take a process out of service that could still let people go.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PostgresAuditLog } from '../../src/audit/postgres/postgres-audit-log.js';
import { StoredRosters } from '../../src/deprovision/stored-rosters.js';
import { Health } from '../../src/health/health.js';
import { DomainError } from '../../src/kernel/domain-error.js';
import { PublisherHealth, type PublisherState } from '../../src/outbox/index.js';
import { CONNECTIONS } from '../../src/platform/postgres/lanes.js';
import { World } from '../support/world.js';

class OnePublisher extends PublisherHealth {
  isAsked = true;

  override state(): Promise<PublisherState> {
    if (!this.isAsked) return Promise.reject(new DomainError('store.unavailable'));
    return Promise.resolve({
      isTopicReady: true,
      trouble: null,
      oldestUnackedMs: 0,
      unacked: 0,
      setAside: 0,
    });
  }
}

let world: World;
let rosters: StoredRosters;
beforeAll(async () => {
  world = await World.open();
  rosters = new StoredRosters(world.transactions, new PostgresAuditLog());
});
afterAll(() => world.close());

it('a process is ready while every connection for other work is taken', async () => {
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  const busy = Array.from({ length: CONNECTIONS.service }, () =>
    world.transactions.read('service', () => held),
  );
  try {
    const report = await new Health(world.transactions, new OnePublisher(), rosters).report();
    expect(report).toMatchObject({ status: 'up', postgres: 'up' });
  } finally {
    letGo();
    await Promise.all(busy);
  }
});

it('a process is ready, and says that something is wrong, while its queue cannot be asked', async () => {
  const publisher = new OnePublisher();
  publisher.isAsked = false;
  expect(await new Health(world.transactions, publisher, rosters).report()).toMatchObject({
    status: 'degraded',
    postgres: 'up',
    publisher: null,
  });
});

it('a process is degraded, and serves, until somebody has confirmed each roster that a recovery demands', async () => {
  const organization = await world.organization();
  const health = new Health(world.transactions, new OnePublisher(), rosters);
  await world.query(
    'insert into roster_demands (organization_id, epoch, demanded_at) values ($1, 2, now()), ($1, 3, now())',
    [organization],
  );
  expect(await health.report()).toMatchObject({ status: 'degraded', rosters_demanded: 1 });
  const asking = { actor: { type: 'admin_key', id: 'a-key' }, requestId: 'r' } as const;
  await rosters.confirm({ organization, epoch: 3 }, 'seen', asking);
  expect(await health.report()).toMatchObject({ status: 'up', rosters_demanded: 0 });
});
