import type { IdentityReference } from '../../deprovision/index.js';
import { readId } from '../../kernel/ids.js';
import { member, readEventType, readKey, readName, readTime } from './fields.js';
import { conclude, irrelevant, malformed, type Read } from './reading.js';

interface Meaning {
  readonly effect: 'hold' | 'revoke' | 'lift';
  readonly class: string;
}

/** Our own vocabulary for in-house systems (docs/signals.md). Each hold has one opposite, and only that lifts it. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['user.deprovisioned', { effect: 'hold', class: 'deprovisioned' }],
  ['user.deactivated', { effect: 'hold', class: 'deprovisioned' }],
  ['user.reactivated', { effect: 'lift', class: 'deprovisioned' }],
  ['user.suspended', { effect: 'hold', class: 'suspended' }],
  ['user.unsuspended', { effect: 'lift', class: 'suspended' }],
  ['user.deleted', { effect: 'hold', class: 'deleted' }],
  ['user.restored', { effect: 'lift', class: 'deleted' }],
  ['user.sessions_revoked', { effect: 'revoke', class: 'session' }],
]);

/**
 * An `id` may be ours, a SCIM id, the IdP's or what SCIM calls externalId: the sender need not know which. The first
 * two are UUIDs.
 */
function namesOf(id: string): readonly IdentityReference[] {
  const uuid = readId(id);
  const ours = uuid === null ? [] : (['user_id', 'scim_id'] as const);
  return [
    ...ours.map((kind) => ({ kind, value: uuid ?? id })),
    ...(['idp_user_id', 'external_id'] as const).map((kind) => ({ kind, value: id })),
  ];
}

const FIELDS = {
  id: namesOf,
  external_id: (value) => [{ kind: 'external_id', value }],
  user_name: (value) => [{ kind: 'user_name', value: value.toLowerCase() }],
  email: (value) => [{ kind: 'email', value: value.toLowerCase() }],
} as const satisfies Record<string, (value: string) => readonly IdentityReference[]>;

function readUser(user: unknown): {
  readonly subject: readonly IdentityReference[];
  readonly flaw: string | null;
} {
  const given = Object.entries(FIELDS)
    .map(([field, names]) => ({ field, names, value: member(user, field) ?? null }))
    .filter(({ value }) => value !== null)
    .map(({ field, names, value }) => ({ field, names, name: readName(value) }));
  const unreadable = given.filter(({ name }) => name === null).map(({ field }) => field);
  return {
    subject: given.flatMap(({ names, name }) => (name === null ? [] : names(name))),
    flaw:
      unreadable.length > 0 ? `user: ${unreadable.join(', ')} must be a text of 1 to 512` : null,
  };
}

/** A type means the same in any case of letters, and with blanks round it. */
const textOf = (type: unknown): unknown => (typeof type === 'string' ? type.trim() : type);

/**
 * Standard Webhooks 1.0.0 §Payload: `{type, timestamp, data: {user: {…}}}`, or with `user` squashed into the top
 * level, which the specification allows; in both if it names the same person. The delivery's id and bytes are the event's key: they stay the same over retries.
 */
export const readStandardWebhook: Read = (body, { id, sentAt, receivedAt }) => {
  const key = readKey(id);
  if (key === null) return [malformed(null, 'webhook-id: printable ASCII, at most 200 characters')];
  const eventType = readEventType(textOf(member(body, 'type')));
  if (eventType === null) return [malformed(key, 'type: letters, digits, "_", "." and "-" only')];

  const timestamp = member(body, 'timestamp') ?? null;
  const happenedBy = sentAt ?? receivedAt;
  const meaning = MEANINGS.get(eventType.toLowerCase());
  const readable = readTime(timestamp, receivedAt);
  if (meaning === undefined) return [irrelevant(key, eventType, readable ?? happenedBy)];

  const users = [member(member(body, 'data'), 'user'), member(body, 'user')]
    .filter((user) => (user ?? null) !== null)
    .map(readUser);
  const [user = readUser(undefined), other = user] = users;
  if (JSON.stringify(user) !== JSON.stringify(other))
    return [malformed(key, 'user: data and the top name different people')];
  // The attempt's time is later than the event's, so it may stand in for what takes access away. What gives it back
  // must say when it happened, or a late retry of it would lift a newer hold (P4).
  const isImplied = timestamp === null && meaning.effect !== 'lift';
  return conclude({
    key,
    eventType,
    effect: meaning.effect,
    class: meaning.class,
    occurredAt: isImplied ? happenedBy : readable,
    happenedBy,
    ...user,
  });
};
