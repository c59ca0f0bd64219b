import {
  EVERYONE,
  NOBODY,
  type ResourceField,
  type ResourceFilter,
} from '../../directory/index.js';
import { compared, comparedId, type Comparison, type Held } from './compare.js';
import { refusedAt, type Filter, type Term } from './filter.js';
import { GROUPS } from './group-schema.js';
import { groupsTerm, type Meaning, type Simple } from './groups-filter.js';
import { membersNamed } from './members.js';
import { subNamed, type Attribute, type ResourceKind } from './schema.js';
import { resolve, type Named } from './target.js';
import { USERS } from './user-schema.js';

/** Which type of resource is looked for, and what others with the same filter. */
export interface Searched {
  readonly kind: ResourceKind;
  readonly beside: readonly ResourceKind[];
}

export const PEOPLE: Searched = { kind: USERS, beside: [] };

/**
 * A filter over people or groups, with its names resolved, as what the directory looks for. What cannot be answered is
 * refused: never everyone (facts: tuist #10544, eneo #443).
 *
 * @throws DomainError `scim.invalid_filter`
 */
export const compileFilter = (filter: Filter, searched: Searched = PEOPLE): ResourceFilter =>
  compile(filter, termIn(searched));

function compile(filter: Filter, meaning: Meaning): ResourceFilter {
  switch (filter.kind) {
    case 'and':
      return { kind: 'all', of: filter.parts.map((part) => compile(part, meaning)) };
    case 'or':
      return { kind: 'any', of: filter.parts.map((part) => compile(part, meaning)) };
    case 'not':
      return { kind: 'not', filter: compile(filter.filter, meaning) };
    case 'present':
    case 'element':
      return meaning(filter);
    case 'compare':
      return isComparison(filter) ? meaning(filter) : nullTerm(filter, meaning);
  }
}

const isComparison = (term: Extract<Term, { kind: 'compare' }>): term is Comparison =>
  term.value !== null;

/** RFC 7643 §2.5: null is what is not there. */
function nullTerm(
  { path, comparator, at }: Extract<Term, { kind: 'compare' }>,
  meaning: Meaning,
): ResourceFilter {
  const present = meaning({ kind: 'present', path, at });
  if (comparator === 'ne') return present;
  if (comparator === 'eq') return { kind: 'not', filter: present };
  throw refusedAt(at, 'null is compared by eq and ne');
}

const termIn =
  ({ kind, beside }: Searched): Meaning =>
  (term) => {
    const named = resolve(term.path, kind);
    if (named.kind === 'unknown') {
      if (beside.some((other) => resolve(term.path, other).kind !== 'unknown'))
        return missingTerm(term);
      throw refusedAt(term.at, 'there is no such attribute');
    }
    if (named.kind === 'attribute') {
      if (kind === GROUPS) return groupTerm(named, term);
      return term.kind === 'element' ? elementTerm(named, term) : attributeTerm(named, term);
    }
    if (named.kind === 'read_only' && named.name === 'groups') return groupsTerm(term, compile);
    if (term.kind === 'element') throw refusedAt(term.at, 'this has no elements');
    if (named.kind === 'read_only') return ownTerm(term, kind);
    if (term.kind !== 'present') throw refusedAt(term.at, 'a schema is there, or is not');
    return named.schema === kind.core ? EVERYONE : isExtended(named.schema.id);
  };

/** Of resources that cannot have the attribute, which others have (RFC 7644 §3.4.2.2). */
const missingTerm = (term: Simple | Extract<Term, { kind: 'element' }>): ResourceFilter =>
  term.kind === 'compare' && term.comparator === 'ne' ? EVERYONE : NOBODY;

function groupTerm(
  { attribute, sub }: NamedAttribute,
  term: Simple | Extract<Term, { kind: 'element' }>,
): ResourceFilter {
  if (attribute.name === 'members') return memberTerm(sub, term);
  if (term.kind === 'element') throw refusedAt(term.at, 'this has no elements');
  const column = attribute.name === 'displayName' ? 'group_name' : 'external_id';
  return valueTerm(term, attribute, { column });
}

/** Who is in a group is asked by `value eq`, which an index answers however large the groups are. */
function memberTerm(
  sub: Attribute | null,
  term: Simple | Extract<Term, { kind: 'element' }>,
): ResourceFilter {
  const isValue = sub === null || sub.name === 'value';
  if (isValue && term.kind === 'present') return { kind: 'member', value: null };
  const filter: Filter = term.kind === 'element' ? term.filter : { ...term, path: 'value' };
  const isPlain = isValue && (term.kind !== 'element' || term.then === null);
  if (isPlain && term.kind === 'compare' && term.comparator === 'ne')
    return { kind: 'not', filter: memberTerm(sub, { ...term, comparator: 'eq' }) };
  const named = isPlain ? membersNamed(filter) : null;
  if (named === null || named.some(({ isSaidToBeGroup }) => isSaidToBeGroup))
    throw refusedAt(term.at, 'members are looked for by value eq');
  const [first, ...others] = named.map(({ value }) => ({ kind: 'member', value }) as const);
  return first !== undefined && others.length === 0
    ? first
    : { kind: 'any', of: [...(first === undefined ? [] : [first]), ...others] };
}

const isExtended = (schema: string): ResourceFilter => ({
  kind: 'present',
  field: { path: [schema], exact: true },
});

const OWN: Readonly<Record<string, Held>> = {
  'meta.created': { type: 'time', column: 'created_at' },
  'meta.lastmodified': { type: 'time', column: 'changed_at' },
};

/** `id` and `meta`, which are ours. Everybody has them. */
function ownTerm(term: Simple, kind: ResourceKind): ResourceFilter {
  const name = term.path.toLowerCase().split(':').at(-1) ?? '';
  if (name === 'id') return term.kind === 'present' ? EVERYONE : comparedId(term);
  if (name === 'meta.resourcetype') return typeTerm(term, kind);
  const held = OWN[name];
  if (held === undefined) throw refusedAt(term.at, 'this is not filtered by');
  return term.kind === 'present' ? EVERYONE : compared(term, held);
}

/** As RFC 7644 §3.4.2 searches from the root. */
function typeTerm(term: Simple, { core }: ResourceKind): ResourceFilter {
  if (term.kind === 'present') return EVERYONE;
  if (term.comparator !== 'eq' && term.comparator !== 'ne')
    throw refusedAt(term.at, 'types are compared by eq and ne');
  return (term.value === core.name) === (term.comparator === 'eq') ? EVERYONE : NOBODY;
}

type NamedAttribute = Extract<Named, { kind: 'attribute' }>;

function attributeTerm({ schema, attribute, sub }: NamedAttribute, term: Simple): ResourceFilter {
  const path = [...(schema === USERS.core ? [] : [schema.id]), attribute.name];
  const whole = columnOf(attribute) ?? { path, exact: attribute.caseExact };
  if (attribute.name === 'active')
    return term.kind === 'present'
      ? EVERYONE
      : compared(term, { type: 'flag', is: (value) => ({ kind: 'active', value }) });
  if (term.kind === 'present' && sub === null) return { kind: 'present', field: whole };
  if (attribute.type !== 'complex') return valueTerm(term, attribute, whole);
  // RFC 7644 §3.4.2.2: a complex attribute by itself means its `value`.
  const part = sub ?? subNamed(attribute, 'value');
  if (part === null) throw refusedAt(term.at, 'this is compared by one of its parts');
  // Of a list, "only one of the values has to match".
  return attribute.multiValued
    ? { kind: 'some', path, filter: partTerm(term, part, []) }
    : partTerm(term, part, path);
}

const COLUMNS: Readonly<Record<string, ResourceField>> = {
  userName: { column: 'user_name' },
  externalId: { column: 'external_id' },
  displayName: { column: 'display_name' },
};

const columnOf = ({ name }: Attribute): ResourceField | undefined => COLUMNS[name];

/** `emails[type eq "work" and value co "…"]` and Entra's `emails[type eq "work"].value eq "…"`. */
function elementTerm(
  { schema, attribute, sub }: NamedAttribute,
  { filter, then, at }: Extract<Term, { kind: 'element' }>,
): ResourceFilter {
  if (attribute.type !== 'complex' || sub !== null) throw refusedAt(at, 'this has no elements');
  const meaning: Meaning = (term) => {
    const part = term.kind === 'element' ? null : subNamed(attribute, term.path);
    if (part === null || term.kind === 'element')
      throw refusedAt(term.at, 'the elements have no such part');
    return partTerm(term, part, []);
  };
  const own = compile(filter, meaning);
  return {
    kind: 'some',
    path: [...(schema === USERS.core ? [] : [schema.id]), attribute.name],
    filter: then === null ? own : { kind: 'all', of: [own, compile(then, meaning)] },
  };
}

function partTerm(term: Simple, part: Attribute, at: readonly string[]): ResourceFilter {
  const path = [...at, part.name];
  return valueTerm(term, part, { path, exact: part.caseExact });
}

function valueTerm(term: Simple, attribute: Attribute, field: ResourceField): ResourceFilter {
  if (term.kind === 'present') return { kind: 'present', field };
  if (attribute.type === 'boolean' && 'path' in field)
    return compared(term, {
      type: 'flag',
      is: (value) => ({ kind: 'flag', path: field.path, value }),
    });
  return compared(term, { type: attribute.type === 'binary' ? 'binary' : 'text', field });
}
