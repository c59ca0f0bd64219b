import type { ResourceChange, ResourceImage, ResourceOutcome, StoredResource } from './change.js';
import { endAccess, keepAccess, type AccessPlan } from './access.js';
import { eventsOfChange } from './access-events.js';
import { userChanged, userDeleted, type Verb } from './provisioning-events.js';
import { sameJson } from './same-json.js';
import { joinWaiting, type WaitingSignal } from './waiting-signals.js';
import {
  groupHold,
  held,
  isHeldBy,
  lifted,
  mayLift,
  sameAccess,
  scimHold,
  unreadableHold,
  type Person,
} from './person.js';
import {
  entryOf,
  identitiesOf,
  NOTHING,
  without,
  type Cause,
  type Circumstances,
  type Identity,
  type Plan,
} from './plan.js';

export interface BeforeEdit {
  readonly at: Date;
  readonly person: Person;
  readonly resource: StoredResource;
}

export interface Planned {
  readonly plan: Plan;
  readonly outcome: ResourceOutcome;
}

const scimCause = (around: Circumstances): Cause => ({
  kind: 'scim',
  connection: around.origin.connection,
  signal: null,
  actor: null,
  reason: null,
});

/** What an edit says about a person's access, whatever becomes of its other attributes. */
export function planWord(
  around: Circumstances,
  person: Person,
  word: 'true' | 'false' | 'absent' | 'unreadable',
): AccessPlan {
  const { connection, receivedAt } = around.origin;
  const eventAt = receivedAt.toISOString();
  const [gone, unreadable] = [scimHold(connection), unreadableHold(connection)];
  switch (word) {
    case 'absent':
      return keepAccess(person);
    case 'false': {
      const readable = lifted(person, unreadable);
      return endAccess(around, isHeldBy(person, unreadable) ? readable : person, {
        cause: scimCause(around),
        hold: gone,
        eventAt,
      });
    }
    case 'unreadable': {
      const hold = { set_at: around.at.toISOString(), event_at: eventAt, case: null };
      return {
        ...keepAccess(held(person, unreadable, hold)),
        entries: [
          entryOf(around, {
            action: 'user.held',
            outcome: 'refused',
            subject: { type: 'user', id: person.user },
            detail: { hold: unreadable },
          }),
        ],
      };
    }
    case 'true':
      return planReturn(around, person, [gone, unreadable]);
  }
}

/** A word of return lifts these holds of its own, if it is newer than what set them; nothing else. */
export function planReturn(
  around: Circumstances,
  person: Person,
  names: readonly string[],
): AccessPlan {
  const eventAt = around.origin.receivedAt.toISOString();
  const liftable = names.filter((name) => isHeldBy(person, name) && mayLift(person, name, eventAt));
  if (liftable.length === 0) return keepAccess(person);
  const after = liftable.reduce(lifted, person);
  return {
    ...keepAccess(after),
    entries: [
      entryOf(around, {
        action: 'user.reactivated',
        subject: { type: 'user', id: person.user },
        detail: { lifted: liftable, remaining: Object.keys(after.holds) },
      }),
    ],
  };
}

function withPlace(around: Circumstances, access: AccessPlan): AccessPlan {
  const back = planReturn(around, access.person, [groupHold(around.origin.connection)]);
  return { ...access, person: back.person, entries: [...access.entries, ...back.entries] };
}

/** Where the stored word of `active` ends up: an activation that came too late for its hold changes nothing. */
const settledActive = (
  image: ResourceImage,
  word: 'true' | 'false' | 'absent' | 'unreadable',
  after: { readonly person: Person; readonly gone: string; readonly stored: boolean },
): boolean => {
  if (word === 'absent' || word === 'unreadable') return after.stored;
  return image.active && !isHeldBy(after.person, after.gone);
};

/** The names that an edit would add: they are locked before the plan is made. */
export function namesAdded(before: BeforeEdit, next: ResourceImage): Identity[] {
  return without(
    identitiesOf(before.resource.id, next),
    identitiesOf(before.resource.id, before.resource),
  );
}

/** The plan of an edit whose next image is known: rename, profile and `active` in one. */
export function planEdit(
  around: Circumstances,
  before: BeforeEdit,
  edited: {
    readonly word: 'true' | 'false' | 'absent' | 'unreadable';
    readonly next: ResourceImage;
    readonly waiting: readonly WaitingSignal[];
    /** Whether an access group of the connection has waited for a name that they get. */
    readonly here?: boolean;
    readonly verb?: Verb;
  },
): Planned {
  const { resource } = before;
  const said = planWord(around, before.person, edited.word);
  const access = joinWaiting(
    around,
    edited.here === true ? withPlace(around, said) : said,
    edited.waiting,
  );
  const active = settledActive(edited.next, edited.word, {
    person: access.person,
    gone: scimHold(around.origin.connection),
    stored: resource.active,
  });
  const image = { ...edited.next, active };
  const changed = !sameImage(resource, image);
  const stored: StoredResource = changed
    ? { ...resource, ...image, version: resource.version + 1, changedAt: around.at }
    : resource;
  const isProfileSame = sameProfile(resource, image);
  const old = identitiesOf(resource.id, resource);
  const now = identitiesOf(resource.id, stored);
  const entries = [...access.entries];
  // Who left is told by the entry about their access; a new name or profile in the same request is another change.
  if (changed && (entries.length === 0 || !isProfileSame))
    entries.push(
      entryOf(around, { action: 'user.changed', subject: { type: 'user', id: resource.user } }),
    );
  const told = { verb: edited.verb ?? 'patch', gone: said.tokensEnd?.case ?? null };
  return {
    plan: {
      ...NOTHING,
      ...access,
      person: sameAccess(access.person, before.person) ? null : access.person,
      resource: changed ? { kind: isProfileSame ? 'activity' : 'update', resource: stored } : null,
      identitiesAdded: without(now, old),
      identitiesEnded: without(old, now),
      entries,
      events: eventsOfChange(around, {
        before: before.person,
        access,
        events: changed ? [userChanged(around, resource, stored, told)] : [],
      }),
    },
    outcome: { kind: 'done', resource: stored, changed, case: access.tokensEnd?.case ?? null },
  };
}

/**
 * A request that is refused for another reason still means its `active`: a readable `false` deprovisions, an
 * unreadable word holds, the resource stays as it was, and the answer is the refusal (P9).
 */
export function planRefusedEdit(
  around: Circumstances,
  before: Pick<BeforeEdit, 'person'>,
  edited: { readonly word: 'true' | 'false' | 'absent' | 'unreadable'; readonly refused: Error },
): Planned {
  const outcome = { kind: 'refused', why: edited.refused } as const;
  if (edited.word !== 'false' && edited.word !== 'unreadable') return { plan: NOTHING, outcome };
  const access = planWord(around, before.person, edited.word);
  const events = eventsOfChange(around, { before: before.person, access });
  return { plan: { ...NOTHING, ...access, events }, outcome };
}

/** SCIM DELETE: the person is gone, the resource leaves every query, its name is free again (RFC 7644 §3.6). */
export function planRemoval(around: Circumstances, before: BeforeEdit): Planned {
  const access = planWord(around, before.person, 'false');
  return {
    plan: {
      ...NOTHING,
      ...access,
      resource: { kind: 'tombstone', resource: before.resource.id },
      identitiesEnded: identitiesOf(before.resource.id, before.resource),
      entries: [
        ...access.entries,
        entryOf(around, {
          action: 'user.deleted',
          subject: { type: 'user', id: before.resource.user },
        }),
      ],
      events: eventsOfChange(around, {
        before: before.person,
        access,
        events: [userDeleted(around, before.resource, access.tokensEnd?.case ?? null)],
      }),
    },
    outcome: { kind: 'removed', case: access.tokensEnd?.case ?? null },
  };
}

const sameImage = (a: ResourceImage, b: ResourceImage): boolean =>
  a.active === b.active && sameProfile(a, b);

const sameProfile = (a: ResourceImage, b: ResourceImage): boolean =>
  a.userName === b.userName &&
  a.externalId === b.externalId &&
  sameJson(a.emails, b.emails) &&
  sameJson(a.attributes, b.attributes);

export type EditChange = Extract<ResourceChange, { kind: 'edit' }>;
