import type { CaseId, ConnectionId, SignalId } from '../../kernel/ids.js';
import type { SignalEffect } from './change.js';
import { endAccess, recordsOf, type AccessPlan } from './access.js';
import {
  held,
  isHeldBy,
  isOutlived,
  lifted,
  mayLift,
  raised,
  rememberLift,
  signalHold,
  type Person,
} from './person.js';
import { entryOf, type CaseResolution, type Cause, type Circumstances, type Plan } from './plan.js';

/** A signal that came before anybody bore its names. */
export interface WaitingSignal {
  readonly id: SignalId;
  readonly connection: ConnectionId;
  readonly case: CaseId | null;
  readonly effect: SignalEffect;
  readonly class: string;
  /** RFC 3339 UTC with milliseconds. */
  readonly occurredAt: string;
}

export type JoinedPlan = AccessPlan & Pick<Plan, 'resolutions' | 'signals'>;

/** What waited for this person applies now, oldest first, before anybody can enrol in their name. */
export function joinWaiting(
  around: Circumstances,
  access: AccessPlan,
  waiting: readonly WaitingSignal[],
): JoinedPlan {
  let joined: JoinedPlan = { ...access, resolutions: [], signals: [] };
  for (const signal of waiting) joined = joinOne(around, joined, signal);
  return joined;
}

function joinOne(around: Circumstances, plan: JoinedPlan, signal: WaitingSignal): JoinedPlan {
  const { person } = plan;
  const applied = {
    id: signal.id,
    outcome: 'applied',
    case: signal.case,
    user: person.user,
  } as const;
  const signals = [...plan.signals, applied];
  if (signal.case === null) {
    const after = liftBySignal(
      person,
      signalHold(signal.connection, signal.class),
      signal.occurredAt,
    );
    return { ...plan, person: after, signals };
  }
  // The case is there already: it gets its person, and its record goes out like any other.
  const after = raised(person, around.epoch);
  const hold = holdOf(signal, person);
  const cause: Cause = {
    kind: 'signal',
    connection: signal.connection,
    signal: signal.id,
    actor: null,
    reason: null,
  };
  const entry = entryOf(around, {
    action: 'signal.applied',
    subject: { type: 'user', id: person.user },
    case: signal.case,
    detail: {
      generation: after.generation,
      tokens: person.tokens,
      devices: person.devices,
      hold,
      signal: signal.id,
    },
  });
  const resolution: CaseResolution = {
    id: signal.case,
    subject: person.user,
    user: person.user,
    generation: after.generation,
    devices: person.devices,
    tokens: person.tokens,
    revokedAt: around.at,
  };
  const set = { set_at: around.at.toISOString(), event_at: signal.occurredAt, case: signal.case };
  return {
    ...plan,
    person: hold === null ? after : held(after, hold, set),
    tokensEnd: {
      ...(plan.tokensEnd ?? { user: person.user, case: signal.case, cause: 'signal' }),
      // Whatever came first: whoever left by one of them has left.
      left: hold !== null || plan.tokensEnd?.left === true,
    },
    entries: [...plan.entries, entry],
    records: [...plan.records, ...recordsOf(after, cause, signal.case, entry.id)],
    resolutions: [...plan.resolutions, resolution],
    signals,
  };
}

/** The hold that a signal sets: none if it only revokes, or if a newer event has lifted it already. */
function holdOf(
  signal: Pick<WaitingSignal, 'effect' | 'connection' | 'class' | 'occurredAt'>,
  person: Person,
): string | null {
  const name = signalHold(signal.connection, signal.class);
  return signal.effect === 'hold' && !isOutlived(person, name, signal.occurredAt) ? name : null;
}

function liftBySignal(person: Person, name: string, occurredAt: string): Person {
  if (!mayLift(person, name, occurredAt)) return person;
  const after = rememberLift(person, name, occurredAt);
  return isHeldBy(after, name) ? lifted(after, name) : after;
}

/** A signal about a person we know. */
export function planKnown(
  around: Circumstances,
  person: Person,
  signal: Omit<WaitingSignal, 'case'>,
): AccessPlan {
  const name = signalHold(signal.connection, signal.class);
  if (signal.effect === 'lift') {
    const after = liftBySignal(person, name, signal.occurredAt);
    const entry = entryOf(around, {
      action: isHeldBy(person, name) && !isHeldBy(after, name) ? 'hold.lifted' : 'signal.received',
      subject: { type: 'user', id: person.user },
      detail: { hold: name, signal: signal.id, remaining: Object.keys(after.holds) },
    });
    return { person: after, tokensEnd: null, cases: [], entries: [entry], records: [] };
  }
  return endAccess(around, person, {
    cause: {
      kind: 'signal',
      connection: signal.connection,
      signal: signal.id,
      actor: null,
      reason: null,
    },
    hold: holdOf(signal, person),
    eventAt: signal.occurredAt,
  });
}
