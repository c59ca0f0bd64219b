// P4: nothing is lost; what a gateway has applied is told, once and for all or again.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Receipt } from '../../../src/contract/receipt.js';
import { readReceipt } from '../../../src/contract/read.js';
import { newSigningKey } from '../../../src/gateway/crypto/signing-key.js';
import { Receipts, type SignedReceipt } from '../../../src/gateway/receipts/receipts.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';

class Mailbox {
  readonly receipts: Receipt[] = [];
  readonly failures: unknown[] = [];
  refusals = 0;
  /** Until it is opened, receipts wait. */
  #gate: Promise<void> = Promise.resolve();
  #open: () => void = () => undefined;

  shut(): void {
    this.#gate = new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#open();
  }

  readonly send = async ({ value }: SignedReceipt): Promise<void> => {
    await this.#gate;
    if (this.refusals > 0) {
      this.refusals -= 1;
      throw new Error('the broker is away');
    }
    this.receipts.push(readReceipt(Buffer.from(value).toString()));
  };

  get applied(): string[] {
    return this.receipts.flatMap(({ applied }) => applied);
  }
}

const stopping: AbortController[] = [];
const runs: Promise<void>[] = [];
afterEach(async () => {
  stopping.splice(0).forEach((controller) => {
    controller.abort();
  });
  await Promise.all(runs.splice(0));
});

function started(gateway: () => string | null = () => 'the gateway') {
  const mailbox = new Mailbox();
  const stop = new AbortController();
  const receipts = new Receipts({
    send: mailbox.send,
    gateway,
    boot: 'the boot',
    positions: () => [{ partition: 0, seq: 7, t: '2026-01-01T00:00:00.000Z' }],
    sign: newSigningKey().sign,
    clock: new FakeClock(),
    onFailure: (error) => mailbox.failures.push(error),
  });
  stopping.push(stop);
  const run = receipts.run(stop.signal);
  runs.push(run);
  return { mailbox, receipts, stop, run };
}

describe('receipts', () => {
  it('tell at once what has been applied', async () => {
    const { mailbox, receipts } = started();
    receipts.note(['a', 'b']);
    await eventually(() => mailbox.receipts.length === 1);
    expect(mailbox.receipts[0]).toEqual({
      v: 1,
      gateway: 'the gateway',
      boot: 'the boot',
      at: '2026-01-01T00:00:00.000Z',
      applied: ['a', 'b'],
      partitions: [{ partition: 0, seq: 7, t: '2026-01-01T00:00:00.000Z' }],
    });
  });

  it('tell the positions each second when nothing is applied', async () => {
    const { mailbox } = started();
    await eventually(() => mailbox.receipts.length === 2);
    expect(mailbox.applied).toEqual([]);
  });

  it('gather what is applied while one is under way', async () => {
    const { mailbox, receipts } = started();
    mailbox.shut();
    receipts.note(['a']);
    await new Promise(setImmediate);
    receipts.note(['b']);
    receipts.note(['c']);
    mailbox.open();
    await eventually(() => mailbox.receipts.length === 2);
    expect(mailbox.receipts.map(({ applied }) => applied)).toEqual([['a'], ['b', 'c']]);
  });

  it('gather what comes right after one, though nothing is under way', async () => {
    const { mailbox, receipts } = started();
    receipts.note(['a']);
    await eventually(() => mailbox.receipts.length === 1);
    receipts.note(['b']);
    for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
    receipts.note(['c']);
    await eventually(() => mailbox.receipts.length === 2);
    expect(mailbox.receipts.map(({ applied }) => applied)).toEqual([['a'], ['b', 'c']]);
  });

  it('say it again when it may not have been stored', async () => {
    const { mailbox, receipts } = started();
    mailbox.refusals = 1;
    receipts.note(['a']);
    await eventually(() => mailbox.failures.length === 1);
    receipts.note(['b']);
    await eventually(() => mailbox.applied.length === 2);
    expect(mailbox.applied).toEqual(['a', 'b']);
  });

  it('hold a bounded number, the newest ones, in messages that a broker takes', async () => {
    const { mailbox, receipts } = started();
    mailbox.shut();
    receipts.note(['first']);
    await new Promise(setImmediate);
    receipts.note(Array.from({ length: 50_000 }, (_, i) => `${i}`));
    mailbox.open();
    await eventually(() => mailbox.applied.includes('49999'));
    expect(mailbox.applied).toHaveLength(20_001);
    for (const { applied } of mailbox.receipts) expect(applied.length).toBeLessThanOrEqual(2_000);
  });

  it('wait until the gateway knows its name', async () => {
    let name: string | null = null;
    const { mailbox, receipts } = started(() => name);
    receipts.note(['a']);
    await new Promise(setImmediate);
    expect(mailbox.receipts).toEqual([]);
    name = 'later';
    await eventually(() => mailbox.receipts.length === 1);
    expect(mailbox.applied).toEqual(['a']);
  });

  it('have a last word when the process ends', async () => {
    const { mailbox, receipts, stop, run } = started();
    mailbox.shut();
    receipts.note(['a']);
    await new Promise(setImmediate);
    receipts.note(['b']);
    stop.abort();
    mailbox.open();
    await run;
    expect(mailbox.applied).toEqual(['a', 'b']);
  });
});
