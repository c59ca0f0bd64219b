import { endAccess, keepAccess, type AccessPlan } from './access.js';
import { groupHold, held, isHeldBy, type Person } from './person.js';
import { planReturn } from './plan-edit.js';
import { entryOf, type Cause, type Circumstances } from './plan.js';

/** Where somebody stands in the groups that access comes from. */
export interface Place {
  /** In any of them. */
  readonly placed: boolean;
  /** In one of this connection's. */
  readonly here: boolean;
}

const groupCause = ({ origin, actor }: Circumstances): Cause => ({
  kind: 'group',
  connection: origin.connection,
  signal: null,
  actor: actor?.id ?? null,
  reason: null,
});

/**
 * Of a hold that says where somebody stands, and not that something happened to them: a place lifts it, also one whose
 * request arrived before and got its locks later.
 */
const NO_EVENT = new Date(0).toISOString();

const displaced = (around: Circumstances, person: Person, eventAt: string): AccessPlan =>
  endAccess(around, person, {
    cause: groupCause(around),
    hold: groupHold(around.origin.connection),
    eventAt,
  });

/** Whoever is outside of all of them, and loses access for that. */
export const planOutsider = (around: Circumstances, person: Person): AccessPlan =>
  displaced(around, person, NO_EVENT);

/**
 * What a change of a group means for one whom it reaches: whoever left the last access group is gone; a place in a group
 * of this connection lifts what the connection's groups had set, and no other hold.
 *
 * @param left whether the change took them out
 */
export function planMembership(
  around: Circumstances,
  { person, placed, here }: Place & { readonly person: Person },
  left: boolean,
): AccessPlan {
  if (left && !placed) return displaced(around, person, around.origin.receivedAt.toISOString());
  return here
    ? planReturn(around, person, [groupHold(around.origin.connection)])
    : keepAccess(person);
}

/**
 * Somebody new to a connection that access comes from by groups: nothing is issued to them before they have a place. What
 * they have from elsewhere is not ended, since their IdP may be about to give them one.
 *
 * @param place null where access does not come from groups
 */
export function planArrival(
  around: Circumstances,
  access: AccessPlan,
  place: Place | null,
): AccessPlan {
  if (place === null) return access;
  const name = groupHold(around.origin.connection);
  if (place.here) {
    const back = planReturn(around, access.person, [name]);
    return { ...access, person: back.person, entries: [...access.entries, ...back.entries] };
  }
  if (place.placed || isHeldBy(access.person, name)) return access;
  const hold = { set_at: around.at.toISOString(), event_at: NO_EVENT, case: null };
  const entry = entryOf(around, {
    action: 'user.held',
    subject: { type: 'user', id: access.person.user },
    detail: { hold: name },
  });
  return {
    ...access,
    person: held(access.person, name, hold),
    entries: [...access.entries, entry],
  };
}
