// P3, P4: a session with a broker that is silent, or with a follower that throws, keeps nothing waiting and leaves nothing open.
import { describe, expect, it } from '@jest/globals';
import { Cursor } from '../../../src/gateway/sources/kafka/cursor.js';
import type { KafkaClient } from '../../../src/gateway/sources/kafka/kafka-client.js';
import { Session } from '../../../src/gateway/sources/kafka/session.js';
import type { Follower } from '../../../src/gateway/sources/source.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';

/** A broker that lets everybody join, and answers no question until it is left. */
class SilentKafka {
  asked = 0;
  isLeft = false;
  #leave: (error: Error) => void = () => undefined;
  readonly #done = (): Promise<void> => Promise.resolve();
  readonly #silent = (): Promise<never> => {
    this.asked += 1;
    return new Promise((_, reject) => {
      this.#leave = reject;
    });
  };

  readonly kafka = {
    admin: () => ({
      connect: this.#done,
      disconnect: this.#done,
      fetchTopicOffsets: this.#silent,
      fetchTopicOffsetsByTimestamp: this.#silent,
    }),
    consumer: () => ({
      events: { GROUP_JOIN: 'join', CRASH: 'crash', FETCH: 'fetch' },
      on: () => undefined,
      connect: this.#done,
      subscribe: this.#done,
      run: this.#done,
      seek: () => undefined,
      disconnect: () => {
        this.isLeft = true;
        return this.#done();
      },
    }),
  };

  close(): void {
    this.#leave(new Error('the client was closed'));
  }
}

class CountingFollower implements Follower {
  readonly settled = [0, 0];
  throws = false;
  /** The first partition must be read from further back. */
  readonly trouble = (partition: number) => (partition === 0 ? 'young' : null);
  readonly restart = (): void => undefined;
  readonly receive = (): void => undefined;
  readonly reachedEnd = (): void => undefined;

  settle(partition: number): boolean {
    if (this.throws) throw new Error('the application threw');
    this.settled[partition] = (this.settled[partition] ?? 0) + 1;
    return false;
  }
}

function sessionOf(kafka: SilentKafka, follower: Follower): Session {
  const cursors = [0, 1].map((partition) => {
    const cursor = new Cursor(partition);
    cursor.begin(5n, 0n);
    return cursor;
  });
  return new Session({
    ...{ client: kafka as unknown as KafkaClient, groupPrefix: 'test', follower, cursors },
    followed: { topic: 't', partitions: 2, windowMs: 1, stalenessMs: 1, skewMs: 1 },
    ...{ clock: new FakeClock(), report: () => undefined },
  });
}

describe('a session', () => {
  it('lets no partition’s records wait for what the broker does not say of another', async () => {
    const [kafka, follower] = [new SilentKafka(), new CountingFollower()];
    const run = sessionOf(kafka, follower).run(new AbortController().signal);
    await eventually(() => kafka.asked > 0);
    const before = follower.settled[1]!;
    await eventually(() => follower.settled[1]! > before + 1);
    expect(kafka.asked).toBe(1);
    kafka.close();
    await expect(run).rejects.toThrow('the client was closed');
  });

  it('leaves the broker also when what waited makes the application throw', async () => {
    const [kafka, follower] = [new SilentKafka(), new CountingFollower()];
    const run = sessionOf(kafka, follower).run(new AbortController().signal);
    await eventually(() => kafka.asked > 0);
    follower.throws = true;
    kafka.close();
    await expect(run).rejects.toThrow('the application threw');
    expect(kafka.isLeft).toBe(true);
  });
});
