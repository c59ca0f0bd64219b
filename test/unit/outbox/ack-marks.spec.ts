// P4: nothing is lost: what the broker has is written down, or sent again; many marks cost few statements.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { RecordAck } from '../../../src/outbox/postgres/mark-acked.js';
import { AckMarks } from '../../../src/outbox/ack-marks.js';
import { Transactions } from '../../../src/kernel/tx.js';
import { eventually } from '../../support/eventually.js';
import { silentLog } from '../../support/outbox-world.js';

/** Counts statements; the database is away for as many as it is told. */
class CountedTransactions extends Transactions {
  reads = 0;
  failures = 0;

  override run<T>(): Promise<T> {
    return Promise.reject(new TypeError('marks commit by themselves'));
  }

  override read<T>(): Promise<T> {
    this.reads += 1;
    if (this.failures === 0) return Promise.resolve(undefined as T);
    this.failures -= 1;
    return Promise.reject(new Error('the database is away'));
  }
}

const at = new Date('2026-01-01T00:00:00.000Z');
const ack = (digest: string): RecordAck => ({
  digest,
  partition: 0,
  offset: 0,
  ackedAt: at,
  committedAt: at,
});

const stop: AbortController[] = [];
const runs: Promise<void>[] = [];
afterEach(async () => {
  for (const one of stop.splice(0)) one.abort();
  await Promise.all(runs.splice(0));
});

function running(marksApartMs: number) {
  const transactions = new CountedTransactions();
  const settled: (readonly string[])[] = [];
  const marks = new AckMarks({ transactions, log: silentLog, marksApartMs }, (digests) =>
    settled.push(digests),
  );
  const stopping = new AbortController();
  stop.push(stopping);
  runs.push(marks.run(stopping.signal));
  return { marks, transactions, settled };
}

describe('the marks of what the broker has', () => {
  it('are written at once for who leaves alone, and together for those who leave right after', async () => {
    const { marks, transactions, settled } = running(500);
    marks.add([ack('a')]);
    await eventually(() => settled.length === 1);
    marks.add([ack('b')]);
    for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
    marks.add([ack('c')]);
    await eventually(() => settled.length === 2);
    expect(settled).toEqual([['a'], ['b', 'c']]);
    expect(transactions.reads).toBe(2);
  });

  it('are tried again until they are written, and remembered until then', async () => {
    const { marks, transactions, settled } = running(0);
    transactions.failures = 2;
    marks.add([ack('a')]);
    await eventually(() => transactions.reads > 0);
    marks.add([ack('b')]);
    await eventually(() => settled.flat().length === 2);
    expect(new Set(settled.flat())).toEqual(new Set(['a', 'b']));
  });
});
