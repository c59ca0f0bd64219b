// P8: what keeps the other lanes busy does not take a process out of service that could still let people go.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
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
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

it('a process is ready while every connection for other work is taken', async () => {
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  const busy = Array.from({ length: CONNECTIONS.service }, () =>
    world.transactions.read('service', () => held),
  );
  try {
    const report = await new Health(world.transactions, new OnePublisher()).report();
    expect(report).toMatchObject({ status: 'up', postgres: 'up' });
  } finally {
    letGo();
    await Promise.all(busy);
  }
});

it('a process is ready, and says that something is wrong, while its queue cannot be asked', async () => {
  const publisher = new OnePublisher();
  publisher.isAsked = false;
  expect(await new Health(world.transactions, publisher).report()).toMatchObject({
    status: 'degraded',
    postgres: 'up',
    publisher: null,
  });
});
