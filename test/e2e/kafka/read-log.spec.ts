// P6: the start reads the topic again and again with one signal; whatever it waits for, a reading leaves nothing on that signal.
import { getEventListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readLog } from '../../../src/platform/kafka/read-log.js';
import { eventually } from '../../support/eventually.js';
import { kafkaBrokers, topicPrefix } from '../../support/kafka.js';
import { LiveTopic } from '../../support/live-topic.js';
import { RememberingLog } from '../../support/remembering-log.js';

const LONG = 180_000;
let brokers: string;
let topic: LiveTopic;

beforeAll(async () => {
  brokers = await kafkaBrokers();
  topic = await LiveTopic.create(brokers, topicPrefix());
  await topic.begin();
  // A broker that has just started still loads its groups, and a reading gives up on that.
  await eventually(() =>
    read(new AbortController().signal, () => undefined).then(
      () => true,
      () => false,
    ),
  );
}, LONG);

afterAll(() => topic.close(), LONG);

function read(stop: AbortSignal, take: () => void) {
  const settings = { brokers: [brokers], tls: false, sasl: null, clientId: 'test' };
  const reading = { topic: topic.topics.revocations, last: 'all', take } as const;
  return readLog(settings, reading, { log: new RememberingLog(), stop });
}

describe('a reading of a topic', () => {
  it(
    'that came to the end leaves no listener behind',
    async () => {
      const stop = new AbortController();
      let taken = 0;
      const ends = await read(stop.signal, () => {
        taken += 1;
      });
      expect(taken).toBe(ends[0]!.high);
      expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    },
    LONG,
  );

  it(
    'that breaks off on its way leaves no listener behind',
    async () => {
      const stop = new AbortController();
      const broken = read(stop.signal, () => {
        throw new Error('the reader will not have it');
      });
      await expect(broken).rejects.toThrow('the reader will not have it');
      expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    },
    LONG,
  );
});
