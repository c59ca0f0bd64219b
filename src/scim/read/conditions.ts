import type { ResourceCondition } from '../../directory/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { readId, type ResourceId } from '../../kernel/ids.js';
import type { Filter } from './filter.js';
import { subNamed } from './schema.js';
import { resolve, type Named } from './target.js';

/**
 * A filter over people as conditions that must all hold: `eq` and `and` over the attributes by which IdPs look
 * people up. What cannot be answered is refused: never everyone (facts: tuist #10544, eneo #443).
 *
 * @returns null when nobody can meet it
 * @throws DomainError `scim.invalid_filter`
 */
export function conditionsOf(filter: Filter): readonly ResourceCondition[] | null {
  const conditions = partsOf(filter).map(conditionOf);
  return conditions.some((condition) => condition === null)
    ? null
    : conditions.filter((condition) => condition !== null);
}

const refused = (why: string): DomainError => new DomainError('scim.invalid_filter', why);

const partsOf = (filter: Filter): readonly Filter[] =>
  filter.kind === 'and' ? filter.parts.flatMap(partsOf) : [filter];

function conditionOf(filter: Filter): ResourceCondition | null {
  if (filter.kind === 'element') return emailCondition(filter);
  const { path, value } = equality(filter);
  const named = resolve(path);
  if (named.kind === 'read_only' && named.name === 'id') return idCondition(value);
  switch (fullName(named)) {
    case 'userName':
      return { on: 'user_name', value };
    case 'externalId':
      return { on: 'external_id', value };
    // RFC 7644 §3.4.2.2: a complex attribute by itself means its `value`.
    case 'emails':
    case 'emails.value':
      return { on: 'email', value };
    case 'manager':
    case 'manager.value':
      return { on: 'manager', value };
    default:
      throw refused('people are found by userName, externalId, id, emails.value and manager');
  }
}

const fullName = (named: Named): string =>
  named.kind === 'attribute'
    ? [named.attribute.name, ...(named.sub === null ? [] : [named.sub.name])].join('.')
    : '';

/** Ids are to the letter (RFC 7643 §3.1); what is no id of ours names nobody. */
function idCondition(value: string): ResourceCondition | null {
  const id = readId<ResourceId>(value);
  return id === value ? { on: 'id', value: id } : null;
}

interface Equality {
  readonly path: string;
  readonly value: string;
}

function equality(filter: Filter): Equality {
  if (filter.kind !== 'compare' || filter.comparator !== 'eq')
    throw refused('filters are made of eq and and');
  if (typeof filter.value !== 'string') throw refused('the value to compare with is a string');
  return { path: filter.path, value: filter.value };
}

/** `emails[type eq "work" and value eq "…"]` and Entra's `emails[type eq "work"].value eq "…"`. */
function emailCondition({
  path,
  filter,
  then,
}: Extract<Filter, { kind: 'element' }>): ResourceCondition | null {
  const named = resolve(path);
  if (named.kind !== 'attribute' || fullName(named) !== 'emails')
    throw refused('only emails have elements to filter by');
  const equalities = [...partsOf(filter), ...(then === null ? [] : [then])].map(equality);
  const on = (name: string): string[] =>
    equalities
      .filter((each) => subNamed(named.attribute, each.path)?.name === name)
      .map((each) => each.value.toLowerCase());
  const [values, types] = [new Set(on('value')), new Set(on('type'))];
  const [value, type] = [[...values][0], [...types][0]];
  if (equalities.length !== on('value').length + on('type').length || value === undefined)
    throw refused('an e-mail is found by its value, and its type');
  if (values.size > 1 || types.size > 1) return null;
  return type === undefined ? { on: 'email', value } : { on: 'typed_email', value, type };
}
