import {
  NOBODY,
  type ResourceField,
  type ResourceFilter,
  type TextComparator,
} from '../../directory/index.js';
import { readId, type ResourceId } from '../../kernel/ids.js';
import { refusedAt, type Literal, type Term } from './filter.js';

/** What a comparison speaks of. */
export type Held =
  | { readonly type: 'text' | 'binary'; readonly field: ResourceField }
  | { readonly type: 'flag'; readonly is: (value: boolean) => ResourceFilter }
  | { readonly type: 'time'; readonly column: 'created_at' | 'changed_at' };

export type Comparison = Extract<Term, { kind: 'compare' }> & {
  readonly value: Exclude<Literal, null>;
};

/**
 * RFC 7644 §3.4.2.2, table 3: what an operator means for a type, and a 400 where it means nothing. `ne` is true of what
 * is missing, as the opposite of `eq`.
 *
 * @throws DomainError `scim.invalid_filter`
 */
export function compared(term: Comparison, held: Held): ResourceFilter {
  if (term.comparator === 'ne')
    return { kind: 'not', filter: compared({ ...term, comparator: 'eq' }, held) };
  switch (held.type) {
    case 'text':
      return { kind: 'text', field: held.field, is: term.comparator, value: textOf(term) };
    case 'binary':
      return { kind: 'text', field: held.field, is: ordered(term), value: textOf(term) };
    case 'flag':
      return held.is(flagOf(term));
    case 'time':
      return timed(term, held.column);
  }
}

/** Ids are to the letter (RFC 7643 §3.1); what is no id of ours names nobody. */
export function comparedId(term: Comparison): ResourceFilter {
  if (term.comparator === 'ne')
    return { kind: 'not', filter: comparedId({ ...term, comparator: 'eq' }) };
  const whole = compared(term, { type: 'text', field: { column: 'id' } });
  if (term.comparator !== 'eq') return whole;
  const id = readId<ResourceId>(term.value);
  return id !== null && id === term.value ? { kind: 'id', id } : NOBODY;
}

function textOf({ value, comparator, at }: Comparison): string {
  if (typeof value !== 'string') throw refusedAt(at, 'this is compared with a string');
  // Everything begins with nothing: a template that an IdP left empty must not find everyone.
  if (value === '' && SEARCHES.includes(comparator))
    throw refusedAt(at, 'co, sw and ew look for something');
  return value;
}

const SEARCHES: readonly string[] = ['co', 'sw', 'ew'];

/** "Boolean and Binary attributes SHALL cause a failed response (HTTP status code 400)". */
function ordered({ comparator, at }: Comparison): TextComparator {
  if (comparator === 'eq' || comparator === 'co' || comparator === 'sw' || comparator === 'ew')
    return comparator;
  throw refusedAt(at, 'this has no order');
}

/** `primary eq "True"`: a boolean in quotes is still one. */
function flagOf({ value, comparator, at }: Comparison): boolean {
  if (comparator !== 'eq') throw refusedAt(at, 'a boolean is compared by eq and ne');
  const word = typeof value === 'string' ? value.toLowerCase() : value;
  if (word === true || word === 'true') return true;
  if (word === false || word === 'false') return false;
  throw refusedAt(at, 'this is compared with true or false');
}

function timed(
  { comparator, value, at }: Comparison,
  column: 'created_at' | 'changed_at',
): ResourceFilter {
  if (comparator === 'co' || comparator === 'sw' || comparator === 'ew' || comparator === 'ne')
    throw refusedAt(at, 'times are compared by eq, ne, gt, ge, lt and le');
  const time = typeof value === 'string' ? timeOf(value) : null;
  if (time === null)
    throw refusedAt(at, 'this is compared with a time like "2026-01-31T12:00:00Z"');
  return { kind: 'time', column, is: comparator, value: time };
}

/** xsd:dateTime as RFC 7643 §2.3.5 has it; one without a zone is taken for UTC. */
const TIME = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+-]\d\d:\d\d)?$/i;

function timeOf(text: string): Date | null {
  const [, day, hour, zone = 'Z'] = TIME.exec(text) ?? [];
  if (day === undefined || hour === undefined) return null;
  const time = new Date(`${day}T${hour}${zone.toUpperCase()}`);
  return isDay(day) && !Number.isNaN(time.getTime()) ? time : null;
}

/** JavaScript takes the 30th of February for the 2nd of March. */
function isDay(day: string): boolean {
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}
