// P3, P4: a database that may have forgotten what it acknowledged is never taken for the one that acknowledged it.
import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../../../src/kernel/domain-error.js';
import { DatabaseGuard } from '../../../../src/platform/postgres/database-guard.js';
import {
  standingOf,
  type ServerIdentity,
  type SightRow,
} from '../../../../src/platform/postgres/server-identity.js';
import { silentLog } from '../../../support/outbox-world.js';

const server: ServerIdentity = { systemIdentifier: '7', timeline: 3, isSynchronous: false };

describe('the standing of a database', () => {
  it.each([
    ['first', null, server],
    ['same', server, server],
    ['same', { ...server, isSynchronous: true }, server],
    ['moved', { ...server, timeline: 2, isSynchronous: true }, server],
    ['lost', { ...server, timeline: 2 }, server],
    ['lost', { ...server, timeline: 4 }, server],
    ['lost', { ...server, systemIdentifier: '8' }, server],
    ['lost', { ...server, systemIdentifier: '8', isSynchronous: true }, server],
    // What it promises now says nothing about what was promised then.
    ['lost', { ...server, timeline: 2 }, { ...server, isSynchronous: true }],
  ] as const)('is "%s" when it was %j and is %j', (kind, known, found) => {
    expect(standingOf({ known, epoch: 1, server: found }, 1).kind).toBe(kind);
  });

  it('is lost to a process of another epoch, and to none that only begins', () => {
    expect(standingOf({ known: server, epoch: 2, server }, 1).kind).toBe('lost');
    expect(standingOf({ known: server, epoch: 1, server }, 2).kind).toBe('lost');
    expect(standingOf({ known: server, epoch: 2, server }, null).kind).toBe('same');
  });
});

describe('the guard of the database', () => {
  const row: SightRow = {
    epoch: '1',
    known_system: '7',
    known_timeline: '3',
    was_synchronous: false,
    system: '7',
    timeline: '3',
    is_synchronous: false,
  };
  const clientOf = (...rows: SightRow[]) => ({ query: () => Promise.resolve({ rows }) }) as never;
  const refusal = (deed: Promise<void>): Promise<string> =>
    deed.then(
      () => 'none',
      (error: unknown) => (error as DomainError).code,
    );

  it('admits connections to the server that is known', async () => {
    const guard = new DatabaseGuard(1, silentLog);
    expect(await refusal(guard.admit(clientOf(row)))).toBe('none');
    expect(guard.lost).toBeNull();
  });

  it('lets nothing through any more once one connection led to a database that lost something', async () => {
    const guard = new DatabaseGuard(1, silentLog);
    const lost = { ...row, timeline: '4' };
    expect(await refusal(guard.admit(clientOf(lost)))).toBe('store.recovery_needed');
    expect(await refusal(guard.admit(clientOf(row)))).toBe('store.recovery_needed');
    expect(() => {
      guard.demandSound();
    }).toThrow(DomainError);
  });

  it('turns a standby away, and forgets about it', async () => {
    const guard = new DatabaseGuard(1, silentLog);
    expect(await refusal(guard.admit(clientOf({ ...row, timeline: null })))).toBe(
      'store.unavailable',
    );
    expect(await refusal(guard.admit(clientOf()))).toBe('store.unavailable');
    expect(await refusal(guard.admit(clientOf(row)))).toBe('none');
  });
});
