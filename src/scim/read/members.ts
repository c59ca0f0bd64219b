import { DomainError } from '../../kernel/domain-error.js';
import { readId, type GroupId } from '../../kernel/ids.js';
import { member } from './fields.js';
import type { Filter } from './filter.js';
import { UNSTORABLE } from './storable.js';
import { invalidValue, isObject } from './value.js';

/** In UTF-16 units: it stands in an index. */
const MAX_VALUE = 512;

/** Whether the connection has, or had, a group with this id. */
export type IsGroup = (id: GroupId) => boolean;

/**
 * Whom a request names as members: a list of them or one, each an object with `value` or `$ref`, or the bare value, also
 * inside an object with `members`. Null, `[]` and nothing at all name nobody; nor does what is said to be a group and is none of ours.
 *
 * @throws DomainError when one of them cannot be read: then nothing of the request is done
 */
export function readMembers(value: unknown, isGroup: IsGroup): readonly string[] {
  if (value === undefined || value === null) return [];
  if (isObject(value)) {
    const inner = member(value, 'members');
    if (inner !== undefined) return readMembers(inner, isGroup);
  }
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return meant(all.map(memberOf), isGroup);
}

/** As a request names it. */
export interface NamedMember {
  readonly value: string;
  readonly isSaidToBeGroup: boolean;
}

/** A person's external id, or id, never stands for a group: that would give them a place which nobody meant (ADR 29). */
export const meant = (members: readonly NamedMember[], isGroup: IsGroup): readonly string[] =>
  members
    .filter(({ value, isSaidToBeGroup }) => {
      const id = isSaidToBeGroup ? readId<GroupId>(value) : null;
      return !isSaidToBeGroup || (id !== null && isGroup(id));
    })
    .map(({ value }) => value);

function memberOf(named: unknown): NamedMember {
  const value = isObject(named) ? (member(named, 'value') ?? referred(named)) : named;
  if (typeof value !== 'string' || value === '')
    throw invalidValue('a member is named by its value');
  if (value.length > MAX_VALUE)
    throw invalidValue(`a member's value is longer than ${MAX_VALUE} characters`);
  if (UNSTORABLE.test(value))
    throw new DomainError(
      'request.unstorable_text',
      'members.value holds a NUL or an unpaired surrogate',
    );
  return { value: canonical(value), isSaidToBeGroup: isObject(named) && isSaidToBeGroup(named) };
}

/** By its type or by its reference: where they differ, nobody gets a place by the other one. */
function isSaidToBeGroup(named: Readonly<Record<string, unknown>>): boolean {
  const [type, reference] = [member(named, 'type'), member(named, '$ref')];
  return (
    isWord(type, 'group') || (typeof reference === 'string' && /(?:^|\/)Groups\//i.test(reference))
  );
}

const isWord = (value: unknown, word: string): boolean =>
  typeof value === 'string' && value.toLowerCase() === word;

/** The id at the end of a `$ref`, which is all that some clients send. */
function referred(named: Readonly<Record<string, unknown>>): unknown {
  const reference = member(named, '$ref');
  return typeof reference === 'string'
    ? /(?:^|\/)(?:Users|Groups)\/([^/?#]+)\/?$/i.exec(reference)?.[1]
    : undefined;
}

/** Ids are written in one way, so that nobody is a member twice. */
const canonical = (value: string): string => readId(value) ?? value;

/** Whom `value eq "…"` names, also between `or`; null when a filter says anything else. */
export function membersNamed(filter: Filter): readonly NamedMember[] | null {
  if (filter.kind === 'or') {
    const parts = filter.parts.map(membersNamed);
    return parts.every((part) => part !== null) ? parts.flat() : null;
  }
  if (filter.kind === 'and') {
    const isSaidToBeGroup = filter.parts.some((part) => isType(part, ['group']));
    const [one, ...others] = filter.parts.filter((part) => !isType(part, ['user', 'group']));
    const named = one !== undefined && others.length === 0 ? membersNamed(one) : null;
    return isSaidToBeGroup
      ? (named?.map(({ value }) => ({ value, isSaidToBeGroup })) ?? null)
      : named;
  }
  if (filter.kind !== 'compare' || filter.comparator !== 'eq') return null;
  return filter.path.toLowerCase() === 'value' && typeof filter.value === 'string'
    ? [{ value: canonical(filter.value), isSaidToBeGroup: false }]
    : null;
}

/** `type eq "User"`, or "Group". */
const isType = (filter: Filter, types: readonly string[]): boolean =>
  filter.kind === 'compare' &&
  filter.comparator === 'eq' &&
  filter.path.toLowerCase() === 'type' &&
  types.some((type) => isWord(filter.value, type));

/** Whether a name or path that we do not understand holds the name `members`, as "/members" and "$.members" do. */
export const mentionsMembers = (name: string): boolean =>
  /(?:^|[^a-z0-9_-])members(?:$|[^a-z0-9_-])/i.test(name);
