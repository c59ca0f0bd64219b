import type { IdentityReference } from '../../deprovision/index.js';
import { member, readCaseless, readEventType, readKey, readName, readTime } from './fields.js';
import { conclude, irrelevant, malformed, type Read, type Reading } from './reading.js';

interface Meaning {
  readonly effect: 'hold' | 'revoke' | 'lift';
  /** The hold that it sets or lifts. `per-application`: one for each application instance. */
  readonly class: string;
}

/**
 * Okta event types that mean something here; docs/signals.md says why each one does, and why others do not. All are
 * eligible for event hooks (okta-developer-docs, okta-event-types.csv). Deletion has no opposite.
 */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['user.lifecycle.deactivate', { effect: 'hold', class: 'deactivated' }],
  ['user.lifecycle.activate', { effect: 'lift', class: 'deactivated' }],
  ['user.lifecycle.reactivate', { effect: 'lift', class: 'deactivated' }],
  ['user.lifecycle.suspend', { effect: 'hold', class: 'suspended' }],
  ['user.lifecycle.unsuspend', { effect: 'lift', class: 'suspended' }],
  ['user.lifecycle.delete.initiated', { effect: 'hold', class: 'deleted' }],
  ['application.user_membership.remove', { effect: 'hold', class: 'per-application' }],
  ['application.user_membership.add', { effect: 'lift', class: 'per-application' }],
  ['group.user_membership.remove', { effect: 'revoke', class: 'group' }],
  ['user.session.clear', { effect: 'revoke', class: 'session' }],
  ['user.authentication.universal_logout', { effect: 'revoke', class: 'session' }],
  ['user.account.reset_password', { effect: 'revoke', class: 'credential' }],
  ['user.mfa.factor.reset_all', { effect: 'revoke', class: 'credential' }],
]);

/** Results of Okta's `outcome.result` that say: it was tried and did not happen. */
const DID_NOT_HAPPEN = new Set<unknown>(['FAILURE', 'DENY', 'SKIPPED']);
const APPLICATION_ID = /^[A-Za-z0-9_-]{1,64}$/;
/** What Okta writes where a target has no alternate id. */
const NO_ALTERNATE_ID = 'unknown';

interface Person {
  readonly references: readonly IdentityReference[];
  readonly flaw: string | null;
}

/** Okta's id stands for its user id here, and is what a SCIM integration usually sends as externalId. */
function readPerson(target: unknown): Person {
  const id = member(target, 'id') ?? null;
  const alternate = member(target, 'alternateId') ?? null;
  const idName = readName(id);
  const login = alternate === NO_ALTERNATE_ID ? null : readCaseless(alternate);
  const references: IdentityReference[] = [];
  if (idName !== null)
    references.push({ kind: 'idp_user_id', value: idName }, { kind: 'external_id', value: idName });
  if (login !== null) references.push({ kind: 'user_name', value: login });
  if (login?.includes('@') === true) references.push({ kind: 'email', value: login });
  const isFlawed =
    (id !== null && idName === null) ||
    (alternate !== null && alternate !== NO_ALTERNATE_ID && login === null);
  return { references, flaw: isFlawed ? 'target: id or alternateId cannot be read' : null };
}

/**
 * The people whom the event is about: the targets of type User, each one once. The actor is who did it, often an
 * administrator, and is never looked at.
 */
function peopleIn(targets: readonly unknown[]): readonly Person[] {
  const people = targets.filter((target) => member(target, 'type') === 'User').map(readPerson);
  const seen = new Set<string>();
  return people.filter((person) => {
    const same = JSON.stringify(person);
    if (seen.has(same)) return false;
    seen.add(same);
    return true;
  });
}

/** `application:<instance>`: leaving one application is not undone by joining another. */
function applicationClass(targets: readonly unknown[]): string | null {
  const ids = new Set(
    targets
      .filter((target) => member(target, 'type') === 'AppInstance')
      .map((target) => member(target, 'id')),
  );
  const [id] = ids;
  return ids.size === 1 && typeof id === 'string' && APPLICATION_ID.test(id)
    ? `application:${id}`
    : null;
}

function readEvent(event: unknown, receivedAt: Date): readonly Reading[] {
  const key = readKey(member(event, 'uuid'));
  if (key === null) return [malformed(null, 'data.events[].uuid: a text is required')];
  const eventType = readEventType(member(event, 'eventType'));
  if (eventType === null) return [malformed(key, 'data.events[].eventType: a text is required')];

  const occurredAt = readTime(member(event, 'published'), receivedAt);
  const meaning = MEANINGS.get(eventType);
  const result = member(member(event, 'outcome'), 'result');
  if (meaning === undefined || DID_NOT_HAPPEN.has(result))
    return [irrelevant(key, eventType, occurredAt ?? receivedAt)];
  const { effect } = meaning;
  // Without a word on how it went, what takes access away counts and what gives it back does not.
  if (effect === 'lift' && result !== 'SUCCESS')
    return [malformed(key, 'outcome.result: SUCCESS is required for what lifts a hold')];

  const target = member(event, 'target');
  const targets: readonly unknown[] = Array.isArray(target) ? target : [];
  const holdClass = meaning.class === 'per-application' ? applicationClass(targets) : meaning.class;
  if (holdClass === null)
    return [malformed(key, 'target: exactly one AppInstance with an id is required')];

  const people = peopleIn(targets);
  const about = people.length > 0 ? people : [{ references: [], flaw: null }];
  return about.flatMap((person, index) =>
    conclude({
      // One event about several people is one signal for each; their order in it does not change when it is resent.
      key: index === 0 ? key : `${key}#${index + 1}`,
      eventType,
      effect,
      class: holdClass,
      occurredAt,
      happenedBy: receivedAt,
      subject: person.references,
      flaw: person.flaw,
    }),
  );
}

/**
 * Okta event hooks: a POST carries `{data: {events: [LogEvent, …]}}`, several events in one, at least once, in any
 * order. `eventId` names the delivery; an event is known by its `uuid`.
 * Source: okta-developer-docs, concepts/event-hooks.
 */
export const readOktaEventHook: Read = (body, { receivedAt }) => {
  const events = member(member(body, 'data'), 'events');
  if (!Array.isArray(events) || events.length === 0)
    return [malformed(null, 'data.events: a list with at least one event is required')];
  return (events as readonly unknown[]).flatMap((event) => readEvent(event, receivedAt));
};
