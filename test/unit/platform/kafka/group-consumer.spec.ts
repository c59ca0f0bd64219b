// P6: Kafka being away costs nothing, however long it lasts.
import { getEventListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import { GroupConsumer } from '../../../../src/platform/kafka/group-consumer.js';
import { PinoLog } from '../../../../src/platform/log/pino-log.js';

it('a consumer that finds no broker leaves nothing behind on the signal that outlives it', async () => {
  const log = new PinoLog({ level: 'silent', pretty: false });
  // Port 1 is nobody's.
  const settings = { brokers: ['127.0.0.1:1'], tls: false, sasl: null, clientId: 'test' };
  const consumer = new GroupConsumer(settings, { topic: 'receipts', group: 'service' }, log);
  const { signal } = new AbortController();
  for (let time = 0; time < 2; time += 1)
    await expect(consumer.run(() => Promise.resolve(), signal)).rejects.toThrow();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
