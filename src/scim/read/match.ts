import type { JsonValue } from '../../deprovision/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { Comparator, Filter, Literal } from './filter.js';
import { subNamed, type Attribute } from './schema.js';
import type { Element } from './value.js';

/**
 * Whether an element of a multi-valued attribute meets a value path's filter (RFC 7644 §3.5.2).
 *
 * @throws DomainError `scim.invalid_path` when it speaks of what the attribute does not have
 */
export function matches(attribute: Attribute, filter: Filter, element: Element): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.parts.every((part) => matches(attribute, part, element));
    case 'or':
      return filter.parts.some((part) => matches(attribute, part, element));
    case 'not':
      return !matches(attribute, filter.filter, element);
    case 'present': {
      const held = element[subOf(attribute, filter.path).name];
      return held !== undefined && held !== '';
    }
    case 'compare': {
      const sub = subOf(attribute, filter.path);
      return compares(filter.comparator, element[sub.name], filter.value, sub);
    }
    case 'element':
      throw noSuch();
  }
}

/**
 * What a new element must hold to meet the filter, when nothing meets it yet: Entra sets
 * `emails[type eq "work"].value` and means "make it so" (SCIM-SDK #681). Null when the filter does not say.
 */
export function demanded(attribute: Attribute, filter: Filter): Element | null {
  if (filter.kind === 'compare' && filter.comparator === 'eq' && filter.value !== null) {
    const sub = subOf(attribute, filter.path);
    return { [sub.name]: comparable(filter.value, sub) };
  }
  if (filter.kind !== 'and') return null;
  return filter.parts.reduce<Element | null>((element, part) => {
    const more = demanded(attribute, part);
    return element === null || more === null ? null : { ...element, ...more };
  }, {});
}

const noSuch = (): DomainError =>
  new DomainError(
    'scim.invalid_path',
    "a value path's filter names the attribute's sub-attributes",
  );

function subOf(attribute: Attribute, path: string): Attribute {
  const sub = subNamed(attribute, path);
  if (sub === null) throw noSuch();
  return sub;
}

/** `primary eq "True"`: a boolean in quotes is still one. */
function comparable(value: string | number | boolean, sub: Attribute): string | number | boolean {
  if (sub.type !== 'boolean' || typeof value !== 'string') return value;
  const word = value.toLowerCase();
  return word === 'true' || word === 'false' ? word === 'true' : value;
}

function compares(
  comparator: Comparator,
  held: JsonValue | undefined,
  value: Literal,
  sub: Attribute,
): boolean {
  if (value === null) return (held === undefined) === (comparator === 'eq');
  const wanted = comparable(value, sub);
  // RFC 7643 §2.4: `primary` is false where it is not said.
  if (sub.type === 'boolean')
    return comparator === 'ne' ? (held ?? false) !== wanted : (held ?? false) === wanted;
  if (typeof held !== 'string' || typeof wanted !== 'string')
    return comparator === 'ne' ? held !== wanted : comparator === 'eq' && held === wanted;
  const [a, b] = sub.caseExact ? [held, wanted] : [held.toLowerCase(), wanted.toLowerCase()];
  switch (comparator) {
    case 'eq':
      return a === b;
    case 'ne':
      return a !== b;
    case 'co':
      return a.includes(b);
    case 'sw':
      return a.startsWith(b);
    case 'ew':
      return a.endsWith(b);
    case 'gt':
      return a > b;
    case 'ge':
      return a >= b;
    case 'lt':
      return a < b;
    case 'le':
      return a <= b;
  }
}
