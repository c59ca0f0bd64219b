// Attacks P4: a client that no longer looks for requests that wait must not leave one waiting.
import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { Kafka } from 'kafkajs';
import { lookOnlyForWhatWaits as ofGateways } from '../../../src/gateway/sources/kafka/idle-queues.js';
import { lookOnlyForWhatWaits as ofService } from '../../../src/platform/kafka/idle-queues.js';

interface Queue {
  readonly throttleCheckTimeoutId: unknown;
  push(request: object): void;
  fulfillRequest(response: object): void;
  maybeThrottle(ms: number): void;
  destroy(): void;
}

const require = createRequire(import.meta.url);
const RequestQueue = require('kafkajs/src/network/requestQueue/index.js') as new (
  settings: object,
) => Queue;

// Both in one process, as in the demo.
ofGateways();
ofService();

function queue(most: number): {
  readonly queue: Queue;
  send(correlationId: number): Promise<void>;
} {
  const made = new RequestQueue({
    ...{ maxInFlightRequests: most, requestTimeout: 1_000, enforceRequestTimeout: false },
    ...{ clientId: 'us', broker: 'localhost:9092', logger: { debug: () => undefined } },
  });
  const send = (correlationId: number): Promise<void> =>
    new Promise((resolve, reject) => {
      made.push({
        entry: { correlationId, resolve: () => undefined, reject },
        expectResponse: true,
        sendRequest: resolve,
      });
    });
  return { queue: made, send };
}

describe('the requests of a kafkajs connection', () => {
  it('are those of the very kafkajs that everybody uses', () => {
    const required = require('kafkajs') as { readonly Kafka: unknown };
    expect(Kafka).toBe(required.Kafka);
  });

  it('are not looked for when none waits', async () => {
    const { queue: one, send } = queue(1);
    await send(1);
    one.fulfillRequest({ correlationId: 1, size: 0, payload: Buffer.alloc(0) });
    expect(one.throttleCheckTimeoutId).toBeNull();
  });

  it('are sent when the broker no longer throttles, and then not looked for', async () => {
    const { queue: one, send } = queue(8);
    one.maybeThrottle(20);
    await send(1);
    expect(one.throttleCheckTimeoutId).toBeNull();
  });

  it('are sent when one before them is answered', async () => {
    const { queue: one, send } = queue(1);
    await send(1);
    const second = send(2);
    one.fulfillRequest({ correlationId: 1, size: 0, payload: Buffer.alloc(0) });
    await second;
    one.destroy();
  });
});
