// P4, P6: what is noted of IdPs is counted once, whatever breaks, and never costs a request or more memory than is set aside.
import { describe, expect, it } from '@jest/globals';
import { AuditLog } from '../../../src/audit/index.js';
import type { AnsweredRequest } from '../../../src/directory/index.js';
import { healthState } from '../../../src/directory/domain/health-state.js';
import { emptyTally, noteAnswer, REQUESTS_KEPT } from '../../../src/directory/domain/traffic.js';
import { NotedTraffic } from '../../../src/directory/traffic/noted-traffic.js';
import { batchOf } from '../../../src/directory/traffic/traffic-batch.js';
import { DomainError } from '../../../src/kernel/domain-error.js';
import { newId, type ConnectionId, type OrganizationId } from '../../../src/kernel/ids.js';
import { Transactions } from '../../../src/kernel/tx.js';
import { FakeClock } from '../../support/fake-clock.js';
import { RememberingLog } from '../../support/remembering-log.js';

const sender = {
  organization: newId<OrganizationId>(),
  connection: newId<ConnectionId>(),
  secret: null,
};
const at = (s: number): Date => new Date(Date.parse('2026-11-27T10:00:00.000Z') + s * 1_000);
const answered = (more: Partial<AnsweredRequest> = {}): AnsweredRequest => ({
  sender,
  requestId: newId(),
  at: at(0),
  method: 'PATCH',
  route: '/scim/v2/Users/:id',
  operation: 'users.patch',
  status: 200,
  code: null,
  ms: 1,
  named: null,
  ...more,
});

function tallied(...all: readonly Partial<AnsweredRequest>[]) {
  const tally = emptyTally(sender);
  for (const one of all) noteAnswer(tally, answered(one), true);
  return tally;
}

describe('a connection', () => {
  it('has its failures counted since its last success', () => {
    const tally = tallied({ status: 400 }, { status: 200 }, { status: 409 }, { status: 503 });
    expect(tally).toMatchObject({ streak: 2, failureCode: '503', successAt: at(0).getTime() });
  });

  it('does not fail when somebody whom it looks for is not there', () => {
    const absent = tallied({ method: 'GET', status: 404, code: 'resource.unknown' });
    expect(absent).toMatchObject({ streak: 0, failureAt: null });
    expect(tallied({ method: 'PATCH', status: 404 })).toMatchObject({ streak: 1 });
  });

  it('keeps the times of the latest, in whatever order answers end', () => {
    const tally = tallied({ at: at(9) }, { at: at(3) }, { at: at(5), status: 500 });
    expect(tally).toMatchObject({
      firstAt: at(3).getTime(),
      lastAt: at(9).getTime(),
      successAt: at(9).getTime(),
    });
  });

  it('keeps its last requests and no more', () => {
    const requests = Array.from({ length: 3 * REQUESTS_KEPT }, (_, ms) => ({ ms }));
    const kept = tallied(...requests).requests.map(({ ms }) => ms);
    expect(kept).toEqual(requests.slice(-REQUESTS_KEPT).map(({ ms }) => ms));
  });

  it('has one word for how it is, the worst', () => {
    const well = {
      removedAt: null,
      firstRequestAt: at(0),
      silentSince: null,
      errorStreak: 0,
      secretEndsAt: null,
    };
    expect(healthState(well)).toBe('healthy');
    expect(healthState({ ...well, firstRequestAt: null })).toBe('waiting');
    expect(healthState({ ...well, secretEndsAt: at(1) })).toBe('ending');
    expect(healthState({ ...well, secretEndsAt: at(1), firstRequestAt: null })).toBe('ending');
    expect(healthState({ ...well, secretEndsAt: at(1), errorStreak: 10 })).toBe('failing');
    expect(healthState({ ...well, errorStreak: 9 })).toBe('healthy');
    expect(healthState({ ...well, errorStreak: 10 })).toBe('failing');
    expect(healthState({ ...well, errorStreak: 10, silentSince: at(1) })).toBe('silent');
    expect(healthState({ ...well, silentSince: at(1), removedAt: at(2) })).toBe('removed');
  });
});

describe('what a request named', () => {
  const named = (read: () => never | object) =>
    batchOf({ writer: newId(), seq: 1 }, [tallied({ named: read as never })]).requests[0];

  it('is read when it is written, and once', () => {
    let times = 0;
    expect(named(() => ({ times: (times += 1) }))).toMatchObject({ named: { times: 1 } });
  });

  it('is left out where reading it fails, or where it is more than is kept', () => {
    const failing = (): never => {
      throw new TypeError('unforeseen');
    };
    expect(named(failing)).toMatchObject({ named: null, status: 200 });
    expect(named(() => ({ names: ['x'.repeat(5_000)] }))).toMatchObject({ named: null });
  });
});

class NoAudit extends AuditLog {
  override append(): Promise<void> {
    return Promise.resolve();
  }
  override now(): Promise<Date> {
    return Promise.resolve(at(0));
  }
}

/** Cannot be reached, as long as it is told so. */
class AwayTransactions extends Transactions {
  tries = 0;
  override run(): Promise<never> {
    this.tries += 1;
    return Promise.reject(new DomainError('store.unavailable'));
  }
  override read(): Promise<never> {
    return this.run();
  }
}

describe('while PostgreSQL is away', () => {
  it('nothing fails, and no more is kept than there is room for', async () => {
    const transactions = new AwayTransactions();
    const log = new RememberingLog();
    const traffic = new NotedTraffic({
      transactions,
      audit: new NoAudit(),
      clock: new FakeClock(),
      log,
    });
    let reads = 0;
    const one = { named: () => ({ reads: (reads += 1) }) };
    for (let i = 0; i < 12_000; i += 1)
      traffic.note(answered({ ...one, sender: { ...sender, connection: newId() } }));
    await traffic.flush();
    // Of twelve thousand requests two thousand wait to be read.
    expect(reads).toBe(2_000);
    for (let i = 0; i < 3; i += 1) {
      traffic.note(answered(one));
      await traffic.flush();
    }
    // The first batch waits, and no second one is made beside it.
    expect(reads).toBe(2_000);
    expect(transactions.tries).toBe(4);
    expect(log.lines.every(({ level }) => level === 'warn')).toBe(true);
    const totals = [...traffic.totals()];
    expect(totals).toEqual([[{ operation: 'users.patch', outcome: 'ok' }, 12_003]]);
  });
});
