// P4: nothing is lost; kafkajs jumps silently when an offset is out of range, and at every join.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { GatewayEvent } from '../../../src/gateway/report.js';
import { Cursor } from '../../../src/gateway/sources/kafka/cursor.js';
import { KafkaClient } from '../../../src/gateway/sources/kafka/kafka-client.js';
import { Session } from '../../../src/gateway/sources/kafka/session.js';
import type { Follower } from '../../../src/gateway/sources/source.js';
import type { Received } from '../../../src/gateway/view/authenticate.js';
import { SystemClock } from '../../../src/platform/clock/system-clock.js';
import { eventually } from '../../support/eventually.js';
import { kafkaBrokers, topicPrefix } from '../../support/kafka.js';
import { LiveTopic } from '../../support/live-topic.js';

class NotingFollower implements Follower {
  readonly texts: string[] = [];
  readonly restarts: number[] = [];
  ends = 0;
  settled = 0;

  restart(_partition: number, soughtMs: number): void {
    this.restarts.push(soughtMs);
  }

  receive(_partition: number, messages: readonly Received[]): void {
    this.texts.push(...messages.map(({ text }) => text));
  }

  settle(_partition: number, waitedMs = 0): boolean {
    if (waitedMs === 0) this.settled += 1;
    return false;
  }

  reachedEnd(): void {
    this.ends += 1;
  }

  trouble(): null {
    return null;
  }
}

let topic: LiveTopic;
let follower: NotingFollower;
let events: GatewayEvent[];
const running: { stop: AbortController; run: Promise<void>; client: KafkaClient }[] = [];

beforeEach(async () => {
  topic = await LiveTopic.create(await kafkaBrokers(), topicPrefix());
  follower = new NotingFollower();
  events = [];
}, 120_000);

afterEach(async () => {
  for (const { stop, run } of running.splice(0)) {
    stop.abort();
    await run.catch(() => undefined);
  }
  await topic.close();
});

async function read(cursor: Cursor): Promise<void> {
  const clock = new SystemClock();
  const stop = new AbortController();
  const settings = { brokers: [await kafkaBrokers()], tls: false, sasl: null };
  const client = new KafkaClient(settings, 'test');
  const session = new Session({
    client,
    groupPrefix: 'test',
    followed: {
      topic: topic.topics.revocations,
      partitions: 1,
      windowMs: 3_601_000,
      stalenessMs: 10_000,
      skewMs: 1_000,
    },
    follower,
    cursors: [cursor],
    clock,
    report: (event) => events.push(event),
  });
  running.push({ stop, run: session.run(stop.signal), client });
}

const records = (count: number) => Array.from({ length: count }, () => topic.writers[0]!.record());
const at = (position: bigint): Cursor => {
  const cursor = new Cursor(0);
  cursor.begin(position, 0n);
  return cursor;
};

describe('a cursor', () => {
  it('goes on exactly where it was, though kafkajs begins at the end of the log', async () => {
    const written = records(10);
    await topic.send(0, written);
    await read(at(4n));
    await eventually(() => follower.texts.length >= 6);
    expect(follower.texts).toEqual(written.slice(4).map(({ value }) => value.toString()));
    expect(follower.restarts).toEqual([]);
  });

  it('reads again from where it must when its place has been trimmed away', async () => {
    const written = records(10);
    await topic.send(0, written);
    await topic.trim(0, '8');
    await read(at(4n));
    const beat = setInterval(() => void topic.send(0, records(1)), 100);
    try {
      await eventually(() => follower.texts.length >= 2);
    } finally {
      clearInterval(beat);
    }
    expect(events).toContainEqual({
      kind: 'source.sought',
      partition: 0,
      why: 'offset-out-of-range',
    });
    expect(follower.texts.slice(0, 2)).toEqual(
      written.slice(8).map(({ value }) => value.toString()),
    );
    // Once for the time that was sought, and once for the first message that is left.
    expect(follower.restarts).toHaveLength(2);
    expect(follower.restarts[1]).toBeGreaterThan(follower.restarts[0]!);
  });

  it('reads again from where it must when the log is shorter than it was', async () => {
    const written = records(3);
    await topic.send(0, written);
    await read(at(1_000n));
    const beat = setInterval(() => void topic.send(0, records(1)), 100);
    try {
      await eventually(() => follower.texts.length >= 3);
    } finally {
      clearInterval(beat);
    }
    expect(follower.texts.slice(0, 3)).toEqual(written.map(({ value }) => value.toString()));
    expect(follower.restarts).toEqual([-Infinity]);
  });

  it('leaves no record waiting for its watermark when its session ends half-way', async () => {
    await topic.send(0, records(3));
    await read(at(0n));
    await eventually(() => follower.ends > 0);
    const before = follower.settled;
    const [{ run, client } = { run: Promise.resolve(), client: null }] = running;
    client?.close();
    await expect(run).rejects.toThrow();
    expect(follower.settled).toBe(before + 1);
  });
});
