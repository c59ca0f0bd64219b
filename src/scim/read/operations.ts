import { DomainError } from '../../kernel/domain-error.js';
import { holdsActive } from './active.js';
import { fieldsOf, member, readField, type Field } from './fields.js';
import type { ResourceKind } from './schema.js';
import type { Verb } from './target.js';
import { USERS } from './user-schema.js';
import { isObject } from './value.js';

/** One PATCH operation, told apart but not yet judged: even a wrong one may say something about `active`. */
export interface Operation {
  /** Null when it says none that there is. */
  readonly verb: Verb | null;
  /** What its path means; null when it has none. */
  readonly target: Field['target'] | null;
  /** Without a path: what its value names; null when that is no object. */
  readonly fields: readonly Field[] | null;
  /** Undefined when it has none. */
  readonly value: unknown;
}

export const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

/** Many times what a mapping of every attribute needs. */
const MAX_OPERATIONS = 2_000;

/** @returns null when the body has no list of operations */
export function operationsOf(
  body: unknown,
  kind: ResourceKind = USERS,
): readonly Operation[] | null {
  const listed = isObject(body) ? member(body, 'Operations') : undefined;
  return Array.isArray(listed) ? listed.map((raw) => operationOf(raw, kind)) : null;
}

function operationOf(raw: unknown, kind: ResourceKind): Operation {
  if (!isObject(raw)) return { verb: null, target: null, fields: null, value: raw };
  const verb = verbOf(member(raw, 'op'));
  const value = member(raw, 'value');
  const path = member(raw, 'path') ?? '';
  if (path === '' || isWhole(path, kind))
    return { verb, target: null, fields: fieldsIn(value, kind), value };
  const target = targetOf(path, kind);
  // An extension's bare URN as path: its object is the value.
  if (target.kind === 'schema' && isObject(value))
    return { verb, target: null, fields: fieldsOf({ [target.schema.id]: value }, kind), value };
  return { verb, target, fields: null, value };
}

const targetOf = (path: unknown, kind: ResourceKind): Field['target'] =>
  typeof path === 'string'
    ? readField(path, kind)
    : { kind: 'unparsable', mentionsActive: holdsActive(path) };

/** The resource as a whole, by JSONPath, by its type and by its schema: as if there were no path. */
const isWhole = (path: unknown, { core }: ResourceKind): boolean =>
  typeof path === 'string' &&
  ['$', core.name, core.id].some((name) => name.toLowerCase() === path.trim().toLowerCase());

/** @returns null when it is neither an object nor a list of them */
export function fieldsIn(value: unknown, kind: ResourceKind = USERS): readonly Field[] | null {
  const objects: readonly unknown[] = Array.isArray(value) ? value : [value];
  return objects.every(isObject) ? objects.flatMap((object) => fieldsOf(object, kind)) : null;
}

function verbOf(op: unknown): Verb | null {
  // Entra writes "Replace", "Add" and "Remove".
  const word = typeof op === 'string' ? op.toLowerCase() : '';
  return word === 'add' || word === 'replace' || word === 'remove' ? word : null;
}

/** @throws DomainError when the message as a whole is no PATCH */
export function checkPatch(
  body: unknown,
  operations: readonly Operation[] | null,
): readonly Operation[] {
  const schemas = isObject(body) ? member(body, 'schemas') : undefined;
  if (Array.isArray(schemas) && !schemas.some(isPatchOp))
    throw new DomainError('scim.invalid_syntax', `schemas holds ${PATCH_OP}`);
  if (operations === null)
    throw new DomainError('scim.invalid_syntax', 'Operations is a list of operations');
  if (operations.length > MAX_OPERATIONS)
    throw new DomainError('scim.invalid_value', `at most ${MAX_OPERATIONS} operations`);
  return operations;
}

const isPatchOp = (schema: unknown): boolean =>
  typeof schema === 'string' && schema.toLowerCase() === PATCH_OP.toLowerCase();
