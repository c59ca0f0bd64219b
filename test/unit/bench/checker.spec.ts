// P3, P2: the trial's checker finds each thing that must never happen, and calls nothing else wrong.
import { describe, expect, it } from '@jest/globals';
import { check, type Decision, type Facts, type Revocation } from '../../../bench/trial/checker.js';
import { shortest } from '../../../bench/trial/shortest.js';
import { historyOf, SLEEP_MS } from '../../../bench/trial/history.js';

const S = 10_000;
const subjects = ['org/o', 'user/u', 'family/f'];
const enrolment = { family: 'f', subjects, key: 'k', began: 1, ended: 2 };
const leave: Revocation = {
  ...{ subject: 'user/u', holds: true, began: 10, ended: 11 },
  ...{ ackMs: 1_000, case: 'c' },
};
const decision: Decision = {
  ...{ moment: 20, ms: 1_000 + S + 1, gateway: 'g', policy: 'strict' as const, clockOffMs: 0 },
  ...{ family: 'f', key: 'k', word: 'allow' as const, why: null, isSettled: false },
};
const denied = { ...decision, word: 'deny', why: 'revoked' } as const;

function rulesBrokenBy(facts: Partial<Facts>): string[] {
  const nothing = { mintings: [], revocations: [], returns: [], decisions: [], confirmed: [] };
  return check({ enrolments: [enrolment], ...nothing, ...facts }, S).map(({ rule }) => rule);
}

describe('a revoked token that is accepted', () => {
  it('is wrong at a strict gateway when S has passed since the acknowledgement', () => {
    const revocations = [leave];
    expect(rulesBrokenBy({ revocations, decisions: [decision] })).toEqual([
      'accepted after the bound',
    ]);
    expect(rulesBrokenBy({ revocations, decisions: [{ ...decision, ms: 1_000 + S }] })).toEqual([]);
  });

  it('is wrong at a balanced gateway after three times S, and at a best-effort one only after its receipt', () => {
    const balanced = { ...decision, policy: 'balanced' } as const;
    const late = { ...balanced, ms: 1_001 + 3 * S };
    const effort = { ...late, policy: 'best-effort' } as const;
    const told = (decisions: readonly Decision[], moment = 30) =>
      rulesBrokenBy({
        revocations: [leave],
        decisions,
        confirmed: [{ moment, gateway: 'g', case: 'c' }],
      });
    expect(told([balanced])).toEqual([]);
    expect(told([late])).toEqual(['accepted after the bound']);
    expect(told([effort])).toEqual([]);
    expect(told([effort], 19)).toEqual(['accepted after the receipt']);
  });

  it('is wrong after a receipt even within S', () => {
    const decisions = [{ ...decision, ms: 1_001 }];
    const confirmed = [{ moment: 19, gateway: 'g', case: 'c' }];
    expect(rulesBrokenBy({ revocations: [leave], decisions, confirmed })).toEqual([
      'accepted after the receipt',
    ]);
    const another = [{ moment: 19, gateway: 'another', case: 'c' }];
    expect(rulesBrokenBy({ revocations: [leave], decisions, confirmed: another })).toEqual([]);
  });

  it('is nobody’s fault when no revocation was acknowledged, or another subject’s', () => {
    const decisions = [decision];
    for (const revocation of [
      { ...leave, ackMs: null, case: null },
      { ...leave, subject: 'user/other' },
    ])
      expect(rulesBrokenBy({ revocations: [revocation], decisions })).toEqual([]);
  });

  it('is wrong when it was issued beside a leaving, for behind the hold nothing is issued', () => {
    const enrolments = [{ ...enrolment, began: 9, ended: 12 }];
    const decisions = [decision];
    expect(rulesBrokenBy({ enrolments, revocations: [leave], decisions })).toEqual([
      'accepted after the bound',
    ]);
    const orders = [{ ...leave, holds: false }];
    expect(rulesBrokenBy({ enrolments, revocations: orders, decisions })).toEqual([]);
    const returns = [{ subject: 'user/u', began: 10, ended: 13 }];
    expect(rulesBrokenBy({ enrolments, revocations: [leave], returns, decisions })).toEqual([]);
  });
});

describe('an innocent token that is denied', () => {
  it('is wrong, whatever the reason', () => {
    for (const why of ['revoked', 'other', 'time'] as const)
      expect(rulesBrokenBy({ decisions: [{ ...denied, why }] })).toEqual(['an innocent denied']);
  });

  it('is its own clock’s fault when that is off', () => {
    const decisions = [{ ...denied, why: 'time' as const, clockOffMs: 1 }];
    expect(rulesBrokenBy({ decisions })).toEqual([]);
  });

  it('is wrong when it was issued after the revocation, and may be right when nobody knows', () => {
    const decisions = [denied];
    const later = [{ ...enrolment, began: 12, ended: 13 }];
    const revocations = [{ ...leave, holds: false }];
    expect(rulesBrokenBy({ enrolments: later, revocations, decisions })).toEqual([
      'an innocent denied',
    ]);
    const untold = [{ ...leave, ackMs: null, case: null }];
    expect(rulesBrokenBy({ revocations: untold, decisions })).toEqual([]);
  });
});

describe('a key that is withdrawn', () => {
  const withdrawal: Revocation = { ...leave, subject: 'kid/k', holds: false };
  const other = { ...decision, key: 'another' };

  it('makes wrong what it has signed, whenever that was, and nothing else', () => {
    const later = [{ ...enrolment, began: 9, ended: 12 }];
    for (const enrolments of [[enrolment], later])
      expect(
        rulesBrokenBy({ enrolments, revocations: [withdrawal], decisions: [decision, other] }),
      ).toEqual(['accepted after the bound']);
    const decisions = [denied, { ...other, word: 'deny', why: 'revoked' } as const];
    expect(rulesBrokenBy({ revocations: [withdrawal], decisions })).toEqual(['an innocent denied']);
  });

  it('signs nothing any more', () => {
    const minting = { family: 'f', key: 'k', began: 12, ended: 13 };
    const told = (mintings: Facts['mintings']) =>
      rulesBrokenBy({ revocations: [withdrawal], mintings });
    expect(told([minting])).toEqual(['issued after the acknowledgement']);
    expect(told([{ ...minting, key: 'another' }])).toEqual([]);
    expect(told([{ ...minting, began: 9 }])).toEqual([]);
  });

  it('lets gateways say different things of two tokens of one family', () => {
    const settled = { ...decision, ms: 1_001, isSettled: true };
    const decisions = [
      { ...denied, isSettled: true },
      { ...settled, key: 'another' },
    ];
    expect(rulesBrokenBy({ revocations: [withdrawal], decisions })).toEqual([]);
  });
});

describe('what is issued', () => {
  it('is wrong when it comes from a dead enrolment', () => {
    const minting = { family: 'f', key: 'k', began: 12, ended: 13 };
    expect(rulesBrokenBy({ revocations: [leave], mintings: [minting] })).toEqual([
      'issued after the acknowledgement',
    ]);
    const beside = { ...minting, began: 9 };
    expect(rulesBrokenBy({ revocations: [leave], mintings: [beside] })).toEqual([]);
  });

  it('is wrong when somebody enrols who has left and not come back', () => {
    const enrolments = [{ ...enrolment, began: 12, ended: 13 }];
    expect(rulesBrokenBy({ enrolments, revocations: [leave] })).toEqual([
      'issued after the acknowledgement',
    ]);
    const returns = [{ subject: 'user/u', began: 12, ended: 12 }];
    expect(rulesBrokenBy({ enrolments, revocations: [leave], returns })).toEqual([]);
  });
});

describe('when everything works again', () => {
  const settled = { ...decision, ms: 1_001, isSettled: true };

  it('no gateway is unsure, and none accepts what was revoked', () => {
    const unsure = { ...settled, word: 'unsure' as const };
    expect(rulesBrokenBy({ decisions: [unsure] })).toEqual(['undecided although all is well']);
    expect(rulesBrokenBy({ revocations: [leave], decisions: [settled] })).toEqual([
      'accepted although all is well',
    ]);
  });

  it('all gateways say the same about what nobody knows', () => {
    const untold = [{ ...leave, ackMs: null, case: null }];
    const decisions = [settled, { ...denied, isSettled: true, gateway: 'h' }];
    expect(rulesBrokenBy({ revocations: untold, decisions })).toEqual(['gateways disagree']);
  });
});

describe('a failure', () => {
  it('is told by the shortest history that still goes wrong', async () => {
    const history = historyOf([7]);
    const [first, last] = [history.steps[2]!, history.steps.at(-1)!];
    const short = await shortest(history, ({ steps }) =>
      Promise.resolve(steps.includes(first) && steps.includes(last)),
    );
    expect(short.steps).toEqual([first, last]);
  });

  it('comes again from its seed', () => {
    expect(historyOf([7])).toEqual(historyOf([7]));
    expect(historyOf([7])).not.toEqual(historyOf([8]));
  });

  it('is the same alone as beside the seeds with which it shares what happens to the service', () => {
    const [alone, together] = [historyOf([7]), historyOf([6, 7, 8])];
    const isSeen = ({ fleet }: { fleet?: number }) => fleet === undefined || fleet === 7;
    expect(together.steps.filter(isSeen)).toEqual(alone.steps);
    expect(together.fleets).toContainEqual(alone.fleets[0]);
    expect(together.steps.length).toBeGreaterThan(alone.steps.length);
  });
});

describe('a gateway that sleeps', () => {
  const seeds = Array.from({ length: 300 }, (_, i) => i + 1);
  const sleeps = seeds.flatMap((seed) => {
    const { steps } = historyOf([seed]);
    return steps.flatMap((step, i) =>
      step.do === 'sleep' ? [step.atMs - (steps[i - 1]?.atMs ?? 0)] : [],
    );
  });

  it('does so for longer than a second, in which nobody asks it anything', () => {
    expect(Math.min(...sleeps)).toBeGreaterThan(SLEEP_MS);
    expect(SLEEP_MS).toBeGreaterThanOrEqual(1_000);
  });

  it('often does so for longer than S', () => {
    expect(sleeps.filter((ms) => ms > S).length).toBeGreaterThan(30);
  });
});
