import { parsePath, type ElementPath, type Filter } from './filter.js';
import { named, subNamed, type Attribute, type ResourceKind, type Schema } from './schema.js';
import { EXTERNAL_ID, USERS } from './user-schema.js';

export type Verb = 'add' | 'replace' | 'remove';

/** What a name in a request stands for. */
export type Named =
  | {
      readonly kind: 'attribute';
      readonly schema: Schema;
      readonly attribute: Attribute;
      readonly sub: Attribute | null;
    }
  /** A schema's bare URN. */
  | { readonly kind: 'schema'; readonly schema: Schema }
  /** Ours to say: IdPs echo it, and it is ignored or refused. */
  | { readonly kind: 'read_only'; readonly name: string }
  /** Nothing that we keep: ignored. `password` is one of these, so that it can never be stored. */
  | { readonly kind: 'unknown' };

export type Target = Exclude<Named, { kind: 'attribute' }> | AttributeTarget;

export interface AttributeTarget {
  readonly kind: 'attribute';
  readonly schema: Schema;
  readonly attribute: Attribute;
  /** Which elements of a multi-valued attribute. */
  readonly filter: Filter | null;
  readonly sub: Attribute | null;
}

const UNKNOWN = { kind: 'unknown' } as const;

/** Reads `name`, `name.sub` and either after a schema's URN and a colon, all in any case of letters. */
export function resolve(path: string, kind: ResourceKind = USERS): Named {
  const lower = path.toLowerCase();
  const schema = [kind.core, ...kind.extensions].find(({ id }) =>
    lower.startsWith(id.toLowerCase()),
  );
  if (schema === undefined) return resolveBare(path, kind);
  if (lower.length === schema.id.length) return { kind: 'schema', schema };
  if (lower[schema.id.length] !== ':') return UNKNOWN;
  return resolveIn(schema, path.slice(schema.id.length + 1), kind);
}

/** Entra writes `manager` where the RFC wants its schema before it; no name is in two schemas. */
function resolveBare(path: string, kind: ResourceKind): Named {
  for (const schema of [kind.core, ...kind.extensions]) {
    const found = resolveIn(schema, path, kind);
    if (found.kind !== 'unknown') return found;
  }
  return UNKNOWN;
}

export function resolveIn(schema: Schema, path: string, kind: ResourceKind = USERS): Named {
  const [name = '', subName, ...deeper] = path.split('.');
  if (deeper.length > 0) return UNKNOWN;
  if (schema === kind.core && kind.readOnly.includes(name.toLowerCase()))
    return { kind: 'read_only', name: name.toLowerCase() };
  const attributes = schema === kind.core ? [EXTERNAL_ID, ...schema.attributes] : schema.attributes;
  const attribute = named(attributes, name);
  if (attribute === null) return UNKNOWN;
  if (subName === undefined) return { kind: 'attribute', schema, attribute, sub: null };
  // A scalar's own `value`: some clients wrap every attribute like a list's element.
  if (attribute.type !== 'complex')
    return subName.toLowerCase() === 'value'
      ? { kind: 'attribute', schema, attribute, sub: null }
      : UNKNOWN;
  const sub = subNamed(attribute, subName);
  return sub === null ? UNKNOWN : { kind: 'attribute', schema, attribute, sub };
}

/** @throws DomainError `scim.invalid_path` */
export const readTarget = (path: string, kind: ResourceKind = USERS): Target =>
  targetOf(parsePath(path), kind);

function targetOf({ path, filter, sub }: ElementPath, kind: ResourceKind): Target {
  const found = resolve(path, kind);
  if (found.kind !== 'attribute') return found;
  if (sub === null) return { ...found, filter };
  const last = found.sub === null ? subNamed(found.attribute, sub) : null;
  return last === null ? UNKNOWN : { ...found, filter, sub: last };
}

export const isActive = (target: Target): boolean =>
  target.kind === 'attribute' && target.attribute.name === 'active';
