// Attacks P3 and P4: records that wait for the watermark that lists them are neither lost nor believed for nothing.
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Lease } from '../../../src/contract/lease.js';
import { InstallationFollower } from '../../../src/gateway/installation-follower.js';
import type { GatewayEvent } from '../../../src/gateway/report.js';
import { authenticate, type Received } from '../../../src/gateway/view/authenticate.js';
import { Backlog } from '../../../src/gateway/view/backlog.js';
import { digestOf } from '../../../src/gateway/crypto/digest.js';
import { newId } from '../../../src/kernel/ids.js';
import { Subject } from '../../../src/gateway/view/subject.js';
import { FakeClock } from '../../support/fake-clock.js';
import { received, TopicWriter, type WrittenRecord } from '../../support/topic-writer.js';

let clock: FakeClock;
let writer: TopicWriter;
let follower: InstallationFollower;
let events: GatewayEvent[];

beforeEach(() => {
  clock = new FakeClock();
  writer = new TopicWriter();
  events = [];
  const lease: Lease = {
    ...{ id: newId(), lease_until: clock.now().toISOString(), installation: writer.installation },
    ...{
      epoch: 0,
      partitions: 1,
      issuer: 'urn:offswitch:test',
      audience: 'offswitch',
      jwks_url: '',
    },
    ...{ record_keys: writer.keys.publicJwks, staleness_ms: 10_000, max_clock_skew_ms: 1_000 },
    ...{ max_ttl_s: 3_600, window_s: 3_601 },
    kafka: { topics: { revocations: writer.topic, events: '', receipts: '' } },
  };
  follower = new InstallationFollower({
    ...{ lease, clock, onApplied: () => undefined, onRevoked: () => undefined },
    report: (event) => events.push(event),
  });
  follower.restart(0, -Infinity);
  follower.receive(0, [received(writer.watermark(nowMs()))], true);
});

const nowMs = (): number => clock.now().getTime();
const isApplied = ({ record }: WrittenRecord): boolean =>
  follower.view.least('user', new Subject(record.subject)) === 1;
const NOBODY = { verify: () => false, digest: digestOf };
/** Nobody can verify it by itself. */
const unsigned = (written: WrittenRecord) => ({
  ...received(written),
  signature: Buffer.alloc(64),
});

describe('a record that waits while the log is read', () => {
  it('is applied with the watermark that lists it, wherever the fetches were cut', () => {
    const record = writer.record();
    follower.receive(0, [unsigned(record)], true);
    expect(isApplied(record)).toBe(false);
    follower.receive(0, [received(writer.watermark(nowMs(), [record]))], true);
    expect(isApplied(record)).toBe(true);
    expect(events).toEqual([]);
  });

  it('is applied on its own signature when the end of the log has come', () => {
    const [record, last] = [writer.record(), writer.record()];
    follower.receive(0, [received(record)], true);
    follower.receive(0, [received(last)]);
    expect([isApplied(record), isApplied(last)]).toEqual([true, true]);
  });

  it('is not kept back for longer than asked by a watermark that does not come', () => {
    const record = writer.record();
    follower.receive(0, [received(record)], true);
    clock.advance(999);
    follower.settle(0, 1_000);
    expect(isApplied(record)).toBe(false);
    clock.advance(1);
    follower.settle(0, 1_000);
    expect(isApplied(record)).toBe(true);
  });

  it('is applied before the partition is read again from elsewhere', () => {
    const record = writer.record();
    follower.receive(0, [received(record)], true);
    follower.restart(0, nowMs());
    expect(isApplied(record)).toBe(true);
  });

  it('is refused, and somebody is told, when nobody vouches for it in the end', () => {
    const record = writer.record();
    follower.receive(0, [unsigned(record)], true);
    follower.receive(0, []);
    expect(isApplied(record)).toBe(false);
    expect(events).toEqual([{ kind: 'messages.refused', count: 1, partition: 0 }]);
  });

  it('is applied at once when a watermark that came before it lists it', () => {
    const record = writer.record();
    follower.receive(0, [received(writer.watermark(nowMs(), [record]))], true);
    expect(follower.lacking(1)).toEqual([record.digest]);
    follower.receive(0, [received(record)], true);
    expect([isApplied(record), follower.lacking(1)]).toEqual([true, []]);
  });

  it('waits for no third round when two have passed over it, wherever the fetches were cut', () => {
    const [record, forged] = [writer.record(), writer.record()];
    follower.receive(0, [received(record), unsigned(forged)], true);
    follower.receive(0, [received(writer.watermark(nowMs()))], true);
    follower.receive(0, [received(writer.watermark(nowMs(), [], { more: true }))], true);
    expect([isApplied(record), events]).toEqual([false, []]);
    follower.receive(0, [received(writer.watermark(nowMs()))], true);
    expect([isApplied(record), isApplied(forged)]).toEqual([true, false]);
    expect(events).toEqual([{ kind: 'messages.refused', count: 1, partition: 0 }]);
  });

  it('costs a part of the signatures of all that wait each time that it is asked for', () => {
    const records = Array.from({ length: 1_025 }, () => writer.record());
    follower.receive(0, records.map(received), true);
    expect(follower.settle(0)).toBe(true);
    expect(records.filter(isApplied)).toEqual(records.slice(0, 1_024));
    expect(follower.settle(0)).toBe(false);
    expect(records.filter(isApplied)).toEqual(records);
  });
});

describe('what is kept of a record that waits', () => {
  const NONE: ReadonlySet<string> = new Set();
  const waitingFrom = (message: Received, before = new Backlog().before(true, NONE)) =>
    authenticate([message], NOBODY, before).waiting;

  it('is its own, so that no answer to a fetch stays in memory for it', () => {
    const message = received(writer.record());
    const fetched = Buffer.concat([Buffer.alloc(1024 * 1024), message.value, message.signature]);
    const at = 1024 * 1024 + message.value.length;
    const [kept] = waitingFrom({
      ...message,
      value: fetched.subarray(1024 * 1024, at),
      signature: fetched.subarray(at),
    });
    const { value, signature } = kept!.message;
    expect(Buffer.from(value)).toEqual(message.value);
    expect(Buffer.from(signature)).toEqual(message.signature);
    expect([value.buffer.byteLength, signature.buffer.byteLength]).toEqual([
      message.value.length,
      64,
    ]);
    expect(kept!.message).not.toHaveProperty('text');
  });

  it('are thousands at most, those that have come just now among them', () => {
    const backlog = new Backlog();
    const before = backlog.before(true, NONE);
    const [one] = waitingFrom(received(writer.record()), before);
    const more = Array.from({ length: 8_192 }, () => before.letWait(one!));
    expect(more.findIndex((kept) => kept === null)).toBe(8_191);
  });

  it.each(['value', 'kid', 'signature'] as const)('are few when their %s is long', (member) => {
    const long = ' '.repeat(1024 * 1024);
    const message = received(writer.record());
    const bytes = { value: Buffer.concat([message.value, Buffer.from(long)]) };
    const forged = {
      value: { ...bytes, text: bytes.value.toString() },
      kid: { kid: long },
      signature: { signature: Buffer.from(long) },
    }[member];
    const before = new Backlog().before(true, NONE);
    const kept = Array.from({ length: 5 }, () => waitingFrom({ ...message, ...forged }, before));
    expect(kept.map(({ length }) => length)).toEqual([1, 1, 1, 0, 0]);
  });
});
