// P3: a case never claims more than broker and gateways have answered, or than time has made certain.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  caseState,
  caseView,
  type Case,
  type Enforcement,
  type ProcessProgress,
  type RecordProgress,
} from '../../../src/cases/index.js';
import { POLICIES, type Policy } from '../../../src/contract/lease.js';
import { newId } from '../../../src/kernel/ids.js';

const S = 10_000;
const REVOKED_MS = Date.parse('2026-11-23T09:00:00.000Z');
const COMMITTED_MS = REVOKED_MS + 2;
const after = (ms: number): Date => new Date(COMMITTED_MS + ms);

const revocation: Case = {
  id: newId(),
  organization: newId(),
  cause: { kind: 'scim', connection: newId(), signal: null, actor: null, reason: null },
  receivedAt: new Date(REVOKED_MS - 5),
  effect: {
    subject: { scope: 'user', id: newId() },
    user: newId(),
    generation: 2,
    counts: { devices: 2, tokens: 3 },
    revokedAt: new Date(REVOKED_MS),
  },
};
const unresolved: Case = { ...revocation, effect: null };

const ack = { offset: 7, ackedAt: after(3), committedAt: after(0) };
const sent: RecordProgress = { digest: 'd', partition: 1, ack, covered: false };
const unsent: RecordProgress = { ...sent, ack: null };

const gateway = (policy: Policy, appliedMs: number | null): ProcessProgress => ({
  gateway: newId(),
  name: 'edge',
  policy,
  appliedAt: appliedMs === null ? null : after(appliedMs),
});
const stateOf = (
  records: readonly RecordProgress[],
  processes: readonly ProcessProgress[],
  ms: number,
): string => caseState(revocation, { records, processes }, { now: after(ms), stalenessMs: S });

describe('a case is open', () => {
  it('while nobody knows whom it means', () => {
    const known = { records: [], processes: [gateway('strict', 1)] };
    expect(caseState(unresolved, known, { now: after(1e9), stalenessMs: S })).toBe('open');
  });

  it('while the broker has not acknowledged every record and a process has not answered, however long', () => {
    const processes = [gateway('strict', 1), gateway('strict', null)];
    expect(stateOf([sent, unsent], processes, 1e9)).toBe('open');
  });

  it('while there is no gateway and no ack: who starts now reads what the broker has', () => {
    expect(stateOf([sent, unsent], [], 1e9)).toBe('open');
  });

  it('while an answer is missing and the bound has not passed', () => {
    expect(stateOf([sent], [gateway('strict', 1), gateway('strict', null)], S)).toBe('open');
  });
});

describe('a case is closed', () => {
  it('as enforced when all have applied it', () => {
    expect(stateOf([sent], [gateway('strict', 1), gateway('best-effort', 9)], 10)).toBe('enforced');
  });

  it('as enforced when all have applied what no broker has acknowledged', () => {
    expect(stateOf([unsent], [gateway('strict', 1), gateway('best-effort', 9)], 10)).toBe(
      'enforced',
    );
  });

  it('as enforced when a record that the topic cannot carry is listed as a repair and applied', () => {
    expect(stateOf([{ ...unsent, covered: true }], [gateway('strict', 1)], 10)).toBe('enforced');
  });

  it('as bounded at once when there is no gateway', () => {
    expect(stateOf([sent], [], 3)).toBe('bounded');
  });

  it.each<[Policy, number]>([
    ['strict', S],
    ['balanced', 3 * S],
  ])('as bounded when a silent %s process must by now be denying', (policy, bound) => {
    expect(stateOf([sent], [gateway(policy, null)], bound)).toBe('open');
    expect(stateOf([sent], [gateway(policy, null)], bound + 1)).toBe('bounded');
  });

  it('as unconfirmed when a best-effort process stays silent', () => {
    expect(stateOf([sent], [gateway('strict', 1), gateway('best-effort', null)], 3 * S + 1)).toBe(
      'unconfirmed',
    );
  });

  it("counting from the broker's ack when a crash swallowed the time of the commit", () => {
    const swallowed = { ...sent, ack: { ...ack, committedAt: null, ackedAt: after(60_000) } };
    expect(stateOf([swallowed], [gateway('strict', null)], S + 1)).toBe('open');
    expect(stateOf([swallowed], [gateway('strict', null)], 60_000 + S + 1)).toBe('bounded');
  });

  it('counting from the last of its commits', () => {
    const later = { ...sent, ack: { ...ack, committedAt: after(5_000) } };
    expect(stateOf([sent, later], [gateway('strict', null)], S + 1)).toBe('open');
  });
});

describe('whatever is answered', () => {
  const record = fc.record({
    digest: fc.string(),
    partition: fc.nat(9),
    covered: fc.boolean(),
    ack: fc.option(
      fc.record({
        offset: fc.nat(),
        ackedAt: fc.nat(100_000).map(after),
        committedAt: fc.option(fc.nat(100_000).map(after)),
      }),
    ),
  });
  const process = fc
    .record({ policy: fc.constantFrom(...POLICIES), ms: fc.option(fc.nat(100_000)) })
    .map(({ policy, ms }) => gateway(policy, ms));
  const enforcement: fc.Arbitrary<Enforcement> = fc.record({
    records: fc.array(record, { minLength: 1, maxLength: 4 }),
    processes: fc.array(process, { maxLength: 5 }),
  });
  const moments = fc.nat(200_000);
  const RANK = { open: 0, unconfirmed: 1, bounded: 1, enforced: 2 } as const;

  it('"enforced" means no more and no less than that each process that counts has applied it', () => {
    fc.assert(
      fc.property(enforcement, moments, (known, ms) => {
        const state = caseState(revocation, known, { now: after(ms), stalenessMs: S });
        const all = known.processes.every(({ appliedAt }) => appliedAt !== null);
        expect(state === 'enforced').toBe(all && known.processes.length > 0);
        if (state === 'bounded')
          expect(
            known.processes.some((one) => one.policy === 'best-effort' && !one.appliedAt),
          ).toBe(false);
      }),
    );
  });

  it('time alone closes a case and never opens it again', () => {
    fc.assert(
      fc.property(enforcement, moments, moments, (known, ms, more) => {
        const before = caseState(revocation, known, { now: after(ms), stalenessMs: S });
        const later = caseState(revocation, known, { now: after(ms + more), stalenessMs: S });
        expect(RANK[later]).toBeGreaterThanOrEqual(RANK[before]);
      }),
    );
  });

  it('another answer never makes it worse', () => {
    fc.assert(
      fc.property(enforcement, moments, fc.nat(4), (known, ms, which) => {
        const moment = { now: after(ms), stalenessMs: S };
        const answered = known.processes.map((one, i) =>
          i === which ? { ...one, appliedAt: one.appliedAt ?? after(ms) } : one,
        );
        expect(
          RANK[caseState(revocation, { ...known, processes: answered }, moment)],
        ).toBeGreaterThanOrEqual(RANK[caseState(revocation, known, moment)]);
      }),
    );
  });
});

describe('a case on the wire', () => {
  it("has exactly the contract's fields", () => {
    const one = gateway('strict', 4);
    const silent = gateway('balanced', null);
    const view = caseView(
      revocation,
      { records: [sent], processes: [one, silent] },
      { now: after(10), stalenessMs: S },
    );
    expect(view).toEqual({
      id: revocation.id,
      org: revocation.organization,
      state: 'open',
      subject: revocation.effect!.subject,
      user: revocation.effect!.user,
      generation: 2,
      cause: revocation.cause,
      counts: { devices: 2, tokens: 3 },
      timeline: {
        received_at: '2026-11-23T08:59:59.995Z',
        revoked_at: '2026-11-23T09:00:00.000Z',
        committed_at: '2026-11-23T09:00:00.002Z',
        broker_acked_at: '2026-11-23T09:00:00.005Z',
        first_enforced_at: '2026-11-23T09:00:00.006Z',
        last_enforced_at: null,
      },
      records: [{ digest: 'd', partition: 1, offset: 7 }],
      gateways: [
        { id: one.gateway, name: 'edge', state: 'applied', applied_at: '2026-11-23T09:00:00.006Z' },
        { id: silent.gateway, name: 'edge', state: 'pending', applied_at: null },
      ],
    });
  });

  it('about somebody unknown says so with nulls', () => {
    const view = caseView(
      unresolved,
      { records: [], processes: [] },
      { now: after(10), stalenessMs: S },
    );
    expect(view).toMatchObject({
      state: 'open',
      subject: null,
      user: null,
      generation: null,
      counts: { devices: 0, tokens: 0 },
      timeline: {
        revoked_at: null,
        committed_at: null,
        broker_acked_at: null,
        last_enforced_at: null,
      },
    });
  });
});
