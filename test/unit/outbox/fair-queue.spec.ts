// P8: a deprovision never waits behind another organization's leavers.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Backlog } from '../../../src/outbox/domain/backlog.js';
import { FairQueue } from '../../../src/outbox/domain/fair-queue.js';
import type { OutboxRecord } from '../../../src/outbox/index.js';

const entries = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat()), {
  maxLength: 60,
});

describe('a fair queue', () => {
  it('serves owners in turn', () => {
    const queue = new FairQueue<string>();
    for (const entry of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) queue.add(entry.charAt(0), entry);
    expect([queue.take(4), queue.take(9), queue.size]).toEqual([
      ['a1', 'b1', 'c1', 'a2'],
      ['c2', 'a3'],
      0,
    ]);
  });

  it("gives everything once, each owner's in order, and nobody two before another who waits has one", () => {
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 7 }), (added, count) => {
        const queue = new FairQueue<(typeof added)[number]>();
        for (const entry of added) queue.add(entry[0], entry);
        const taken: typeof added = [];
        while (queue.size > 0) taken.push(...queue.take(count));
        const of = (owner: string, all: typeof added) => all.filter(([one]) => one === owner);
        for (const owner of 'abcd') expect(of(owner, taken)).toEqual(of(owner, added));
        const owners = new Set(added.map(([owner]) => owner));
        expect(new Set(taken.slice(0, owners.size).map(([owner]) => owner))).toEqual(owners);
      }),
    );
  });
});

describe('a backlog', () => {
  const record = (digest: string, partition: number, organization = 'o'): OutboxRecord => ({
    digest,
    organization: organization as OutboxRecord['organization'],
    case: 'c' as OutboxRecord['case'],
    key: digest,
    partition,
    value: new Uint8Array(),
  });
  const names = (waiting: readonly { readonly record: OutboxRecord }[]): string[] =>
    waiting.map((one) => one.record.digest);
  const every = () => true;

  it('knows a record until it is forgotten, so that it is never under way twice', () => {
    const backlog = new Backlog(10);
    backlog.add([record('x', 0), record('x', 0)], null);
    expect(names(backlog.take(5, every))).toEqual(['x']);
    backlog.add([record('x', 0)], null);
    expect(backlog.take(5, every)).toEqual([]);
    backlog.forget(['x']);
    backlog.add([record('x', 0)], null);
    expect(names(backlog.take(5, every))).toEqual(['x']);
  });

  it('is bounded, and says how many found no room', () => {
    const backlog = new Backlog(3);
    expect(
      backlog.add(
        [1, 2, 3, 4, 5].map((i) => record(String(i), 0)),
        null,
      ),
    ).toBe(2);
    expect([backlog.known, backlog.room]).toEqual([3, 0]);
  });

  it('lets who has just left go before what was left behind and what comes by the hundred, and starves neither', () => {
    const backlog = new Backlog(1_000);
    const many = (name: string) => Array.from({ length: 50 }, (_, i) => record(`${name}-${i}`, 0));
    backlog.add(many('swept'), null);
    backlog.add(many('bulk'), new Date());
    for (const one of many('single')) backlog.add([one], new Date());
    const taken = names(backlog.take(20, every));
    expect(taken.slice(0, 15).every((name) => name.startsWith('single'))).toBe(true);
    expect(taken.slice(15).some((name) => name.startsWith('single'))).toBe(false);
    const rest = names(backlog.take(200, every));
    expect(new Set([...taken, ...rest]).size).toBe(150);
  });

  it('takes evenly from the partitions that may be sent', () => {
    const backlog = new Backlog(100);
    for (let i = 0; i < 20; i += 1) backlog.add([record(`0-${i}`, 0), record(`1-${i}`, 1)], null);
    backlog.add([record('2-0', 2)], null);
    const taken = backlog.take(11, (partition) => partition !== 1);
    expect(names(taken).filter((name) => name.startsWith('2'))).toEqual(['2-0']);
    expect(taken).toHaveLength(11);
    expect(names(backlog.take(6, every)).filter((name) => name.startsWith('1'))).toHaveLength(3);
  });
});
