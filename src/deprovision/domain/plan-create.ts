import type { ResourceId, UserId } from '../../kernel/ids.js';
import type { ResourceChange, StoredResource } from './change.js';
import { planWord, type Planned } from './plan-edit.js';
import {
  alsoNamed,
  held,
  isHeldBy,
  newPerson,
  sameAccess,
  scimHold,
  unreadableHold,
  type ForeignName,
  type Person,
} from './person.js';
import { eventsOfChange } from './access-events.js';
import { userCreated } from './provisioning-events.js';
import { planArrival, type Place } from './plan-membership.js';
import { entryOf, identitiesOf, NOTHING, type Circumstances } from './plan.js';
import { keepAccess, type AccessPlan } from './access.js';
import { joinWaiting, type WaitingSignal } from './waiting-signals.js';

export interface BeforeCreation {
  /** Whom the new resource links to; null for somebody new. */
  readonly person: Person | null;
  readonly waiting: readonly WaitingSignal[];
  /** What foreign issuers call whoever has the names of the new resource. */
  readonly foreign: readonly ForeignName[];
  /** Where they stand in groups; null where access does not come from groups. */
  readonly access?: Place | null;
}

export type CreateChange = Extract<ResourceChange, { kind: 'create' }>;

/** A new resource, of somebody new or of the person it links to. */
export function planCreation(
  around: Circumstances,
  before: BeforeCreation,
  change: CreateChange,
): Planned {
  const user = before.person?.user ?? around.makeId<UserId>();
  // The first resource of a user has the user's id as its SCIM id.
  const id = before.person === null ? (user as string as ResourceId) : around.makeId<ResourceId>();
  const arrived = planArrival(
    around,
    accessAtCreation(around, { ...before, user }, change),
    before.access ?? null,
  );
  const access = joinWaiting(around, arrived, before.waiting);
  const gone = scimHold(around.origin.connection);
  // Without an explicit `true`, whom this connection has let go stays gone.
  const out =
    isHeldBy(access.person, gone) ||
    isHeldBy(access.person, unreadableHold(around.origin.connection));
  const resource: StoredResource = {
    ...change.image,
    active: change.image.active && !out,
    id,
    user,
    version: 1,
    createdAt: around.at,
    changedAt: around.at,
  };
  const created = entryOf(around, {
    action: 'user.created',
    subject: { type: 'user', id: user },
    detail: { resource: id, linked: before.person !== null, active: resource.active },
  });
  return {
    plan: {
      ...NOTHING,
      ...access,
      newUser: before.person === null ? user : null,
      person:
        before.person !== null && sameAccess(access.person, before.person) ? null : access.person,
      resource: { kind: 'insert', resource },
      identitiesAdded: identitiesOf(id, resource),
      entries: [created, ...access.entries],
      events: eventsOfChange(around, {
        before: before.person,
        access,
        events: [userCreated(around, resource)],
      }),
    },
    outcome: { kind: 'done', resource, changed: true, case: access.tokensEnd?.case ?? null },
  };
}

function accessAtCreation(
  around: Circumstances,
  { person: linked, user, foreign }: BeforeCreation & { readonly user: UserId },
  change: CreateChange,
): AccessPlan {
  if (linked !== null) return planWord(around, alsoNamed(linked, foreign), change.word);
  const person = newPerson(user, foreign);
  if (change.word !== 'false') return keepAccess(person);
  // Nothing was ever issued to somebody new: a hold, and no revocation.
  const hold = {
    set_at: around.at.toISOString(),
    event_at: around.origin.receivedAt.toISOString(),
    case: null,
  };
  return keepAccess(held(person, scimHold(around.origin.connection), hold));
}
