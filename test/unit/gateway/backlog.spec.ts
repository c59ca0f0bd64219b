// Attacks P3 and P4: records that wait for the watermark that lists them are neither lost nor believed for nothing.
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Lease } from '../../../src/contract/lease.js';
import { InstallationFollower } from '../../../src/gateway/installation-follower.js';
import type { GatewayEvent } from '../../../src/gateway/report.js';
import { authenticate } from '../../../src/gateway/view/authenticate.js';
import { Backlog } from '../../../src/gateway/view/backlog.js';
import { digestOf } from '../../../src/gateway/crypto/digest.js';
import { newId } from '../../../src/kernel/ids.js';
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
  follower.view.least('user', record.subject) === 1;
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

  it('never waits beside more than thousands of others', () => {
    const backlog = new Backlog();
    const { waiting } = authenticate([received(writer.record())], NOBODY, backlog.before(true));
    const many = Array.from({ length: 8_192 }, () => waiting).flat();
    const [now, nothing] = [
      { wallMs: 0, monotonicMs: 0 },
      { authentic: [], refused: 0, later: 0 },
    ];
    backlog.keep({ ...nothing, waiting: many.slice(1) }, now);
    expect(backlog.before(true).mayWait).toBe(true);
    backlog.keep({ ...nothing, waiting: many }, now);
    expect(backlog.before(true).mayWait).toBe(false);
  });
});
