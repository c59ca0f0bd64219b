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

/** Whoever is in none of them any more is gone, like a leaver. */
export const planDisplaced = (around: Circumstances, person: Person): AccessPlan =>
  endAccess(around, person, {
    cause: groupCause(around),
    hold: groupHold(around.origin.connection),
    eventAt: around.origin.receivedAt.toISOString(),
  });

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
  if (left && !placed) return planDisplaced(around, person);
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
  const { connection, receivedAt } = around.origin;
  const name = groupHold(connection);
  if (place.here) {
    const back = planReturn(around, access.person, [name]);
    return { ...access, person: back.person, entries: [...access.entries, ...back.entries] };
  }
  if (place.placed || isHeldBy(access.person, name)) return access;
  const hold = { set_at: around.at.toISOString(), event_at: receivedAt.toISOString(), case: null };
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
