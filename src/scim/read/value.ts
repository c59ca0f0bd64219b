import type { JsonValue } from '../../deprovision/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { subNamed, type Attribute } from './schema.js';
import { UNSTORABLE } from './storable.js';

/** One complex value, under the schema's own names. */
export type Element = Readonly<Record<string, JsonValue>>;

/** The sub-attributes that a complex value names; undefined takes one away. */
export type SubValues = ReadonlyMap<string, JsonValue | undefined>;

export const MAX_ELEMENTS = 1_000;

export const invalidValue = (why: string): DomainError =>
  new DomainError('scim.invalid_value', why);

export const isElement = (value: JsonValue | undefined): value is Element =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undoes `[x]`, which some IdPs wrap round what has one value; `[]` is "unassigned", like null. */
function single(attribute: Attribute, value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  if (value.length > 1) throw invalidValue(`${attribute.name} has one value`);
  return value.length === 0 ? null : value[0];
}

/** @returns undefined when the attribute becomes unassigned */
export function readScalar(attribute: Attribute, value: unknown): JsonValue | undefined {
  const one = single(attribute, value);
  const scalar = isObject(one) && Object.hasOwn(one, 'value') ? one['value'] : one;
  if (scalar === null) return undefined;
  if (attribute.type === 'boolean') return readBoolean(attribute, scalar);
  if (typeof scalar !== 'string') throw invalidValue(`${attribute.name} is a string`);
  if (UNSTORABLE.test(scalar))
    throw new DomainError(
      'request.unstorable_text',
      `${attribute.name} holds a NUL or an unpaired surrogate`,
    );
  return scalar;
}

function readBoolean(attribute: Attribute, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  if (word !== 'true' && word !== 'false') throw invalidValue(`${attribute.name} is a boolean`);
  return word === 'true';
}

/** A complex value, or a bare string for its `value`, as Entra sends a manager. */
export function readSubValues(attribute: Attribute, value: unknown): SubValues {
  const one = single(attribute, value);
  const found = new Map<string, JsonValue | undefined>();
  if (one === null) return found;
  if (!isObject(one)) {
    const own = subNamed(attribute, 'value');
    if (own === null) throw invalidValue(`${attribute.name} is an object`);
    return found.set(own.name, readScalar(own, one));
  }
  for (const [name, inner] of Object.entries(one)) {
    const sub = subNamed(attribute, name);
    if (sub?.mutability === 'readWrite') found.set(sub.name, readScalar(sub, inner));
  }
  return found;
}

/** The elements of a multi-valued attribute; null, `[]` and elements without content are none. */
export function readElements(attribute: Attribute, value: unknown): readonly Element[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length > MAX_ELEMENTS)
    throw invalidValue(`${attribute.name} has more than ${MAX_ELEMENTS} values`);
  return values
    .map((each) => merged({}, readSubValues(attribute, each)))
    .filter((element) => Object.keys(element).length > 0);
}

export function merged(element: Element, changes: SubValues): Element {
  const kept = Object.entries(element).filter(([name]) => !changes.has(name));
  const set = [...changes].filter(
    (change): change is [string, JsonValue] => change[1] !== undefined,
  );
  return Object.fromEntries([...kept, ...set]);
}
