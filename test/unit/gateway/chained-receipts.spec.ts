// P6: trouble of one way is no trouble of a receipt. A receipt is stored, or the gateway says it again; nobody waits for a silent broker.
import { describe, expect, it } from '@jest/globals';
import type { SignedReceipt } from '../../../src/gateway/receipts/receipts.js';
import { ChainedTransport } from '../../../src/gateway/sources/chained-transport.js';
import type { Transport } from '../../../src/gateway/sources/source.js';
import { FakeClock } from '../../support/fake-clock.js';

const TOPIC = 'receipts';
const receipt = (key: string): SignedReceipt => ({ key, value: new Uint8Array(), headers: {} });

type Answer = 'stored' | 'lost' | 'stored, but lost' | 'silence';

/** Stores receipts, or breaks before or after it has; a silent one answers when it is told to. */
class Way implements Transport {
  readonly stored: string[] = [];
  asked = 0;
  #silent: ((stored: boolean) => void)[] = [];

  constructor(public answer: Answer) {}

  sendReceipt(_: string, { key }: SignedReceipt): Promise<void> {
    this.asked += 1;
    if (this.answer.startsWith('stored')) this.stored.push(key);
    if (this.answer === 'stored') return Promise.resolve();
    if (this.answer !== 'silence') return Promise.reject(new Error('lost'));
    return new Promise((resolve, reject) => {
      this.#silent.push((isStored) => {
        if (isStored) this.stored.push(key);
        if (isStored) resolve();
        else reject(new Error('gave up'));
      });
    });
  }

  speak(isStored: boolean): void {
    for (const answer of this.#silent.splice(0)) answer(isStored);
  }

  record(): Promise<null> {
    return Promise.resolve(null);
  }

  follow(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Whatever can go on has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function scene(kafkaSays: Answer, httpSays: Answer) {
  const [kafka, http] = [new Way(kafkaSays), new Way(httpSays)];
  const parts = { kafka, http, clock: new FakeClock(), report: () => undefined, promptMs: 20 };
  const transport = new ChainedTransport(parts);
  return { kafka, http, send: (key = 'a') => transport.sendReceipt(TOPIC, receipt(key)) };
}

describe('a receipt', () => {
  it('goes over Kafka alone while the broker answers at once', async () => {
    const { kafka, http, send } = scene('stored', 'stored');
    await send();
    expect([kafka.stored, http.asked]).toEqual([['a'], 0]);
  });

  it.each(['lost', 'stored, but lost'] as const)(
    'goes over HTTP when Kafka says that it is %s',
    async (answer) => {
      const { http, send } = scene(answer, 'stored');
      await send();
      expect(http.stored).toEqual(['a']);
    },
  );

  it('goes over HTTP when the broker keeps silent, and so do the next ones until it has spoken', async () => {
    const { kafka, http, send } = scene('silence', 'stored');
    await send('a');
    await send('b');
    expect([http.stored, kafka.asked]).toEqual([['a', 'b'], 1]);
    kafka.speak(false);
    await settled();
    kafka.answer = 'stored';
    await send('c');
    expect([kafka.stored, http.stored]).toEqual([['c'], ['a', 'b']]);
  });

  it('is stored when the broker answers late, and HTTP is away', async () => {
    const { kafka, http, send } = scene('silence', 'lost');
    const sent = send();
    while (http.asked === 0) await settled();
    kafka.speak(true);
    await sent;
    expect(kafka.stored).toEqual(['a']);
  });

  it('is not waited for over HTTP either, when the broker answers meanwhile', async () => {
    const { kafka, http, send } = scene('silence', 'silence');
    const sent = send();
    while (http.asked === 0) await settled();
    kafka.speak(true);
    await sent;
    expect([kafka.stored, http.stored]).toEqual([['a'], []]);
    http.speak(false);
  });

  it.each(['lost', 'stored, but lost'] as const)(
    'is said to be lost when both ways are, and is sent again: HTTP %s',
    async (answer) => {
      const { kafka, http, send } = scene('lost', answer);
      await expect(send()).rejects.toThrow();
      kafka.answer = 'stored';
      await send();
      expect([kafka.stored, http.asked]).toEqual([['a'], 1]);
    },
  );

  it('is said to be lost when the silent broker gives up, and HTTP is away', async () => {
    const { kafka, http, send } = scene('silence', 'lost');
    const [first, second] = [send('a'), send('b')].map((sent) => sent.catch(() => 'lost'));
    while (http.asked < 2) await settled();
    kafka.speak(false);
    expect(await Promise.all([first, second])).toEqual(['lost', 'lost']);
  });
});
