import { DomainError } from '../../kernel/domain-error.js';
import { readId } from '../../kernel/ids.js';
import { member } from './fields.js';
import type { Filter } from './filter.js';
import { UNSTORABLE } from './storable.js';
import { invalidValue, isObject } from './value.js';

/** In UTF-16 units: it stands in an index. */
const MAX_VALUE = 512;

/**
 * Whom a request names as members: a list of them or one, each an object with `value` or `$ref`, or the bare value, also
 * inside an object with `members`. Null, `[]` and nothing at all name nobody.
 *
 * @throws DomainError when one of them cannot be read: then nothing of the request is done
 */
export function readMembers(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  if (isObject(value)) {
    const inner = member(value, 'members');
    return inner === undefined ? [memberOf(value)] : readMembers(inner);
  }
  return Array.isArray(value) ? value.map(memberOf) : [memberOf(value)];
}

function memberOf(named: unknown): string {
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
  return canonical(value);
}

/** The id at the end of a `$ref`, which is all that some clients send. */
function referred(named: Readonly<Record<string, unknown>>): unknown {
  const reference = member(named, '$ref');
  return typeof reference === 'string'
    ? /(?:^|\/)(?:Users|Groups)\/([^/?#]+)\/?$/i.exec(reference)?.[1]
    : undefined;
}

/** Ids are written in one way, so that nobody is a member twice. */
const canonical = (value: string): string => readId(value) ?? value;

/** The values that `value eq "…"` names, also between `or`; null when a filter says anything else. */
export function valuesNamed(filter: Filter): readonly string[] | null {
  if (filter.kind === 'or') {
    const parts = filter.parts.map(valuesNamed);
    return parts.every((part) => part !== null) ? parts.flat() : null;
  }
  if (filter.kind === 'and') {
    const [meant, ...others] = filter.parts.filter((part) => !isType(part));
    return meant !== undefined && others.length === 0 ? valuesNamed(meant) : null;
  }
  if (filter.kind !== 'compare' || filter.comparator !== 'eq') return null;
  return filter.path.toLowerCase() === 'value' && typeof filter.value === 'string'
    ? [canonical(filter.value)]
    : null;
}

/** `type eq "User"`, or "Group": a value names one of them at most, whichever is said. */
const isType = (filter: Filter): boolean =>
  filter.kind === 'compare' &&
  filter.comparator === 'eq' &&
  filter.path.toLowerCase() === 'type' &&
  ['user', 'group'].includes(String(filter.value).toLowerCase());

/** Whether a name or path that we do not understand holds the name `members`, as "/members" and "$.members" do. */
export const mentionsMembers = (name: string): boolean =>
  /(?:^|[^a-z0-9_-])members(?:$|[^a-z0-9_-])/i.test(name);
