// P9: fail closed: refused and audited, and nobody fills the log from outside.
import { describe, expect, it } from '@jest/globals';
import { CountedRefusals } from '../../../src/audit/counted-refusals.js';
import { AuditLog, type AuditEntry, type LogId, type Refusal } from '../../../src/audit/index.js';
import { Clock } from '../../../src/kernel/clock.js';
import { DomainError } from '../../../src/kernel/domain-error.js';
import type { ConnectionId } from '../../../src/kernel/ids.js';
import { Transactions, type Lane, type Tx } from '../../../src/kernel/tx.js';
import { Log } from '../../../src/platform/log/log.js';

class StoppedClock extends Clock {
  ms = Date.parse('2026-11-23T09:00:10.000Z');
  override now(): Date {
    return new Date(this.ms);
  }
  override monotonicMs(): number {
    return this.ms;
  }
}

class RememberingAudit extends AuditLog {
  readonly entries: AuditEntry[] = [];
  override append(_tx: Tx, entries: readonly AuditEntry[]): Promise<void> {
    const known = new Set(this.entries.map(({ id }) => id));
    this.entries.push(...entries.filter(({ id }) => !known.has(id)));
    return Promise.resolve();
  }
  override now(): Promise<Date> {
    return Promise.resolve(new Date(0));
  }
}

/** Fails before its work, or after it (a lost reply to COMMIT), as long as it is told to. */
class BreakingTransactions extends Transactions {
  breaks: 'before' | 'after' | 'never' = 'never';
  override async run<T>(_lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.breaks === 'before') throw new DomainError('store.unavailable');
    const result = await work({} as Tx);
    if (this.breaks === 'after') throw new DomainError('store.unavailable');
    return result;
  }
  override read<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.run(lane, work);
  }
}

class SilentLog extends Log {
  override debug(): void {
    return;
  }
  override info(): void {
    return;
  }
  override warn(): void {
    return;
  }
  override error(): void {
    return;
  }
}

const refusal: Refusal = {
  log: 'an-organization' as LogId,
  connection: 'a-connection' as ConnectionId,
  door: 'scim',
  reason: 'credential.invalid',
};

function counting() {
  const clock = new StoppedClock();
  const audit = new RememberingAudit();
  const transactions = new BreakingTransactions();
  const refusals = new CountedRefusals({ transactions, audit, clock, log: new SilentLog() });
  return { clock, audit, transactions, refusals };
}

describe('refusals', () => {
  it('of one connection, reason and minute become one entry with their count', async () => {
    const { clock, audit, refusals } = counting();
    for (let i = 0; i < 10_000; i += 1) refusals.count(refusal);
    clock.ms += 60_000;
    await refusals.flush('over');
    expect(audit.entries).toMatchObject([
      {
        org: 'an-organization',
        at: '2026-11-23T09:00:10.000Z',
        action: 'credential.refused',
        outcome: 'refused',
        actor: { type: 'outsider', id: 'scim' },
        subject: { type: 'connection', id: 'a-connection' },
        connection: 'a-connection',
        detail: {
          reason: 'credential.invalid',
          count: 10_000,
          minute: '2026-11-23T09:00:00.000Z',
          first_at: '2026-11-23T09:00:10.000Z',
        },
      },
    ]);
  });

  it('of a minute that is not over wait for its end', async () => {
    const { clock, audit, refusals } = counting();
    refusals.count(refusal);
    clock.ms = Date.parse('2026-11-23T09:00:59.999Z');
    await refusals.flush('over');
    expect(audit.entries).toHaveLength(0);
  });

  it('are kept apart by log, connection, door, reason and minute', async () => {
    const { clock, audit, refusals } = counting();
    refusals.count(refusal);
    refusals.count({ ...refusal, log: 'another' as LogId });
    refusals.count({ ...refusal, connection: null });
    refusals.count({ ...refusal, door: 'webhooks' });
    refusals.count({ ...refusal, reason: 'credential.missing' });
    clock.ms += 60_000;
    refusals.count(refusal);
    await refusals.flush('all');
    expect(audit.entries.map(({ detail }) => detail['count'])).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it.each(['before', 'after'] as const)(
    'are written once when the database breaks %s it has stored them',
    async (moment) => {
      const { clock, audit, transactions, refusals } = counting();
      refusals.count(refusal);
      clock.ms += 60_000;
      transactions.breaks = moment;
      await refusals.flush('over');
      transactions.breaks = 'never';
      await refusals.flush('over');
      await refusals.flush('over');
      expect(audit.entries.map(({ detail }) => detail['count'])).toEqual([1]);
    },
  );

  it('take bounded memory while the database is away, and lose no count', async () => {
    const { clock, audit, transactions, refusals } = counting();
    transactions.breaks = 'before';
    const minutes = 11_000;
    for (let minute = 0; minute < minutes; minute += 1) {
      refusals.count(refusal);
      clock.ms += 60_000;
      if (minute % 1_000 === 0) await refusals.flush('over');
    }
    transactions.breaks = 'never';
    await refusals.flush('all');
    expect(audit.entries.length).toBeLessThanOrEqual(10_001);
    const counted = audit.entries.map(({ detail }) => Number(detail['count']));
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(minutes);
  });

  it('are written by the loop before it ends', async () => {
    const { audit, refusals } = counting();
    refusals.count(refusal);
    const stop = new AbortController();
    const loop = refusals.run(stop.signal);
    stop.abort();
    await loop;
    expect(audit.entries).toHaveLength(1);
  });
});
