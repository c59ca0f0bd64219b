import {
  accountEvent,
  ACCESS_EVENTS,
  caseEvent,
  type Initiator,
} from '../../contract/access-event.js';
import type { CauseKind } from '../../contract/revocation-record.js';
import type { AccessPlan } from './access.js';
import type { Person } from './person.js';
import type { CaseWrite, Circumstances, EventDraft, Plan } from './plan.js';

const INITIATORS = {
  scim: 'system',
  signal: 'system',
  group: 'policy',
  admin: 'admin',
  incident: 'admin',
} as const satisfies Record<CauseKind, Initiator>;

/** A case that has revoked something, as it is told. */
export const caseTold = (
  { id, scope, subject, user, cause }: Revocation,
  { at, isHeld }: { readonly at: Date; readonly isHeld: boolean },
): EventDraft => {
  if (scope === null || subject === null)
    throw new TypeError('a case that revoked something names what');
  return caseEvent({
    case: id,
    scope,
    subject,
    // A device is its holders' together: only a person, and what one person has, is told as theirs.
    user: scope === 'user' || scope === 'family' ? user : null,
    at,
    cause: cause.kind,
    initiator: INITIATORS[cause.kind],
    isHeld,
  });
};

type Revocation = Pick<CaseWrite, 'id' | 'scope' | 'subject' | 'user'> & {
  readonly cause: { readonly kind: CauseKind };
};

/** What a change means for somebody's access. */
interface Changed {
  /** Null for somebody new. */
  readonly before: Person | null;
  readonly access: Pick<AccessPlan, 'person' | 'cases'> & Partial<Pick<Plan, 'resolutions'>>;
  /** What is told of the resource: an event that bears the id of a case tells that case. */
  readonly events?: readonly EventDraft[];
}

/**
 * All that is told of a change: of the resource; of each case that this does not tell; of a first hold that no case has
 * set, and of the end of the last hold.
 */
export function eventsOfChange(
  around: Pick<Circumstances, 'at' | 'makeId'>,
  { before, access, events = [] }: Changed,
): readonly EventDraft[] {
  const { person, cases, resolutions = [] } = access;
  const isHeld = Object.keys(person.holds).length > 0;
  const revocations: readonly Revocation[] = [
    ...cases,
    ...resolutions.map((one) => ({ ...one, scope: 'user', cause: { kind: 'signal' } }) as const),
  ];
  const untold = revocations.filter(({ id }) => !events.some((event) => event.id === id));
  const told = [
    ...events,
    ...untold.map((revocation) => caseTold(revocation, { at: around.at, isHeld })),
  ];
  // Whoever is new was held by nothing.
  const wasHeld = before !== null && Object.keys(before.holds).length > 0;
  if (isHeld === wasHeld || (isHeld && revocations.length > 0)) return told;
  const type = isHeld ? ACCESS_EVENTS.accountDisabled : ACCESS_EVENTS.accountEnabled;
  return [...told, accountEvent(around.makeId(), person.user, type)];
}
