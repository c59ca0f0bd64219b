import type { ResourceOrder } from '../../directory/index.js';
import { subNamed, type ResourceKind } from './schema.js';
import { resolve, type Named } from './target.js';
import { USERS } from './user-schema.js';
import { invalidValue } from './value.js';

/**
 * RFC 7644 §3.4.2.3. What nobody can be sorted by leaves them in the order of their making.
 *
 * @throws DomainError `scim.invalid_value`
 */
export function readOrder(
  sortBy: unknown,
  sortOrder: unknown,
  kind: ResourceKind = USERS,
): ResourceOrder | null {
  const direction = sortOrder ?? 'ascending';
  const word = typeof direction === 'string' ? direction.toLowerCase() : '';
  if (word !== 'ascending' && word !== 'descending')
    throw invalidValue('sortOrder is ascending or descending');
  if (sortBy === undefined) return null;
  if (typeof sortBy !== 'string') throw invalidValue('sortBy is one name');
  const by = keyOf(sortBy.trim(), kind);
  return by === null ? null : { by, descending: word === 'descending' };
}

type Key = ResourceOrder['by'];

function keyOf(path: string, kind: ResourceKind): Key | null {
  const named = resolve(path, kind);
  if (named.kind === 'attribute')
    return kind === USERS ? attributeKey(named) : (GROUP_COLUMNS.get(named.attribute.name) ?? null);
  if (named.kind !== 'read_only') return null;
  return OWN.get(path.toLowerCase().split(':').at(-1) ?? '') ?? null;
}

const column = (name: Extract<Key, { kind: 'column' }>['column']): Key => ({
  kind: 'column',
  column: name,
});

const OWN = new Map<string, Key>([
  ['id', column('id')],
  ['meta.created', column('created_at')],
  ['meta.lastmodified', column('changed_at')],
]);

const COLUMNS = new Map<string, Key>([
  ['userName', column('user_name')],
  ['externalId', column('external_id')],
  ['active', column('active')],
]);

/** Groups are kept in columns; by its members no group can be sorted. */
const GROUP_COLUMNS = new Map<string, Key>([
  ['displayName', column('group_name')],
  ['externalId', column('external_id')],
]);

function attributeKey({
  schema,
  attribute,
  sub,
}: Extract<Named, { kind: 'attribute' }>): Key | null {
  const path = [...(schema === USERS.core ? [] : [schema.id]), attribute.name];
  if (attribute.type !== 'complex')
    return COLUMNS.get(attribute.name) ?? { kind: 'attribute', path, exact: attribute.caseExact };
  const part = sub ?? subNamed(attribute, 'value');
  if (part === null) return null;
  return attribute.multiValued
    ? { kind: 'list', path, part: part.name, exact: part.caseExact }
    : { kind: 'attribute', path: [...path, part.name], exact: part.caseExact };
}
