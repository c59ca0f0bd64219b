import type { CaseId, EntryId } from '../../kernel/ids.js';
import { held, raised, type ForeignName, type Person } from './person.js';
import {
  entryOf,
  NOTHING,
  type Cause,
  type Circumstances,
  type Plan,
  type RecordDraft,
} from './plan.js';

/** The part of a plan that speaks of a person's access. */
export type AccessPlan = Pick<Plan, 'tokensEnd' | 'cases' | 'entries' | 'records'> & {
  readonly person: Person;
};

export const keepAccess = (person: Person): AccessPlan => ({
  person,
  tokensEnd: NOTHING.tokensEnd,
  cases: [],
  entries: [],
  records: [],
});

/** Why access ends, and whether it may be had again. */
export interface End {
  readonly cause: Cause;
  /** The hold that keeps the person out; null when they may enrol again at once. */
  readonly hold: string | null;
  /** The time of the event that says so, RFC 3339. */
  readonly eventAt: string;
}

/**
 * Ends everything that was issued to the person: one generation up, one case, one record, however many tokens.
 */
export function endAccess(around: Circumstances, person: Person, end: End): AccessPlan {
  const id = around.makeId<CaseId>();
  const after = raised(person, around.epoch);
  const hold = { set_at: around.at.toISOString(), event_at: end.eventAt, case: id };
  const entry = entryOf(around, {
    action: end.hold === null ? 'user.revoked' : 'user.deprovisioned',
    subject: { type: 'user', id: person.user },
    case: id,
    detail: {
      generation: after.generation,
      tokens: person.tokens,
      devices: person.devices,
      hold: end.hold,
      cause: end.cause.kind,
      signal: end.cause.signal,
    },
  });
  return {
    person: end.hold === null ? after : held(after, end.hold, hold),
    tokensEnd: { user: person.user, case: id, cause: end.cause.kind, left: end.hold !== null },
    cases: [
      {
        id,
        scope: 'user',
        subject: person.user,
        user: person.user,
        generation: after.generation,
        cause: end.cause,
        devices: person.devices,
        tokens: person.tokens,
        receivedAt: around.origin.receivedAt,
        revokedAt: around.at,
      },
    ],
    entries: [entry],
    records: recordsOf(after, end.cause, id, entry.id),
  };
}

/** One for what we have issued, and one for each name under which a foreign issuer knows the person. */
export const recordsOf = (
  { user, generation, foreign }: Person,
  cause: Cause,
  id: CaseId,
  entry: EntryId,
): RecordDraft[] => {
  const common = { cause: cause.kind, case: id, entry };
  return [
    { ...common, scope: 'user', subject: user, generation },
    ...foreignRecords(foreign, common),
  ];
};

/** The same name may be stored and new, or that of two registrations of an issuer: one record tells it. */
export function foreignRecords(
  names: readonly ForeignName[],
  common: Pick<RecordDraft, 'cause' | 'case' | 'entry'>,
): RecordDraft[] {
  const different = new Map(names.map((name) => [`${name.issuer}\n${name.sub}`, name]));
  return [...different.values()].map((name) => ({ ...common, scope: 'ext', name }));
}
