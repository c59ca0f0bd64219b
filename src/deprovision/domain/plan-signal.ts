import type { CaseId, SignalId, UserId } from '../../kernel/ids.js';
import type { SignalOutcome, VerifiedSignal } from './change.js';
import { eventsOfChange } from './access-events.js';
import { sameAccess, type Person } from './person.js';
import { entryOf, NOTHING, type CaseWrite, type Circumstances, type Plan } from './plan.js';
import { planKnown } from './waiting-signals.js';

export interface BeforeSignal {
  /** Everybody whom the signal may mean. */
  readonly users: readonly UserId[];
  /** That person, when there is exactly one. */
  readonly person: Person | null;
}

export interface PlannedSignal {
  readonly plan: Plan;
  readonly outcome: SignalOutcome;
}

/** What one signal does: to the one person it means, or, when that is unclear, to nobody, with an open case. */
export function planSignal(
  around: Circumstances,
  before: BeforeSignal,
  taken: { readonly id: SignalId; readonly signal: VerifiedSignal },
): PlannedSignal {
  const { id, signal } = taken;
  if (signal.effect === 'none') return planIrrelevant(around, id, signal);
  if (before.person === null) return planUnresolved(around, before, taken);
  const access = planKnown(around, before.person, {
    id,
    connection: around.origin.connection,
    effect: signal.effect,
    class: signal.class,
    occurredAt: signal.occurredAt.toISOString(),
  });
  const outcome = {
    kind: 'applied',
    signal: id,
    case: access.tokensEnd?.case ?? null,
    repeated: false,
  } as const;
  return {
    plan: {
      ...NOTHING,
      ...access,
      person: sameAccess(access.person, before.person) ? null : access.person,
      signals: [{ id, outcome: 'applied', case: outcome.case, user: before.person.user }],
      events: eventsOfChange(around, { before: before.person, access }),
    },
    outcome,
  };
}

function planIrrelevant(
  around: Circumstances,
  id: SignalId,
  signal: VerifiedSignal,
): PlannedSignal {
  return {
    plan: {
      ...NOTHING,
      signals: [{ id, outcome: 'irrelevant', case: null, user: null }],
      entries: [
        entryOf(around, {
          action: 'signal.received',
          subject: { type: 'signal', id },
          detail: { event_type: signal.eventType, outcome: 'irrelevant' },
        }),
      ],
    },
    outcome: { kind: 'irrelevant', signal: id, case: null, repeated: false },
  };
}

/** Nobody yet, or more than one: revoke nobody by guess, keep a case open, and wait for the person to appear. */
function planUnresolved(
  around: Circumstances,
  before: BeforeSignal,
  { id, signal }: { readonly id: SignalId; readonly signal: VerifiedSignal },
): PlannedSignal {
  const kind = before.users.length === 0 ? 'unknown_person' : 'ambiguous_person';
  const opened: CaseWrite | null = signal.effect === 'lift' ? null : openCase(around, id);
  const found = kind === 'unknown_person' ? signal.subject : [];
  return {
    plan: {
      ...NOTHING,
      cases: opened === null ? [] : [opened],
      signals: [{ id, outcome: kind, case: opened?.id ?? null, user: null }],
      waits: found.map(({ kind: name, value }) => ({ signal: id, kind: name, value })),
      entries: [
        entryOf(around, {
          action: 'signal.received',
          outcome: 'failure',
          subject: { type: 'signal', id },
          case: opened?.id ?? null,
          detail: { event_type: signal.eventType, outcome: kind, people: before.users.length },
        }),
      ],
    },
    outcome: { kind, signal: id, case: opened?.id ?? null, repeated: false },
  };
}

const openCase = (around: Circumstances, signal: SignalId): CaseWrite => ({
  id: around.makeId<CaseId>(),
  scope: null,
  subject: null,
  user: null,
  generation: null,
  cause: {
    kind: 'signal',
    connection: around.origin.connection,
    signal,
    actor: null,
    reason: null,
  },
  devices: 0,
  tokens: 0,
  receivedAt: around.origin.receivedAt,
  revokedAt: null,
});
