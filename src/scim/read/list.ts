import type { JsonValue } from '../../deprovision/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { demanded, matches } from './match.js';
import { subNamed, type Attribute } from './schema.js';
import type { AttributeTarget, Verb } from './target.js';
import {
  invalidValue,
  isElement,
  MAX_ELEMENTS,
  merged,
  readElements,
  readScalar,
  readSubValues,
  type Element,
  type SubValues,
} from './value.js';

/** One operation on a multi-valued attribute (RFC 7644 §3.5.2); undefined when nothing is left. */
export function changedList(
  verb: Verb,
  target: AttributeTarget,
  {
    held,
    value,
    isStrict,
  }: { readonly held: JsonValue | undefined; readonly value: unknown; readonly isStrict: boolean },
): readonly Element[] | undefined {
  const before = Array.isArray(held) ? (held as readonly JsonValue[]).filter(isElement) : [];
  const isWhole = target.filter === null && target.sub === null;
  const after = isWhole
    ? changedWhole(verb, target.attribute, { before, value, isStrict })
    : changedSome(verb, target, { before, value, isStrict });
  if (after.length > MAX_ELEMENTS)
    throw invalidValue(`${target.attribute.name} has more than ${MAX_ELEMENTS} values`);
  return after.length === 0 ? undefined : withOnePrimary(after, before);
}

interface ListChange {
  readonly before: readonly Element[];
  readonly value: unknown;
  readonly isStrict: boolean;
}

function changedWhole(
  verb: Verb,
  attribute: Attribute,
  { before, value }: ListChange,
): readonly Element[] {
  if (verb === 'remove') {
    // Entra's default removes by value, where the RFC's letter would empty the list.
    if (value === undefined || value === null) return [];
    const named = readElements(attribute, innerOf(attribute, value));
    return before.filter((own) => !named.some((each) => covers(attribute, own, each)));
  }
  const given = readElements(attribute, value).filter((each) => hasContent(attribute, each));
  if (verb === 'replace') return given;
  return [...before, ...given.filter((each) => !before.some((own) => isSame(own, each)))];
}

/** With a filter or a sub-attribute: only the elements that are meant. */
function changedSome(
  verb: Verb,
  { attribute, filter, sub }: AttributeTarget,
  { before, value, isStrict }: ListChange,
): readonly Element[] {
  const meant = new Set(
    before.filter((each) => filter === null || matches(attribute, filter, each)),
  );
  if (verb === 'remove' && sub === null) return before.filter((each) => !meant.has(each));
  const change: SubValues =
    sub === null
      ? readSubValues(attribute, value)
      : new Map([[sub.name, verb === 'remove' ? undefined : readScalar(sub, value)]]);
  const takesAway = [...change.values()].every((each) => each === undefined);
  if (takesAway && sub === null) return before.filter((each) => !meant.has(each));
  const demands = filter === null ? {} : demanded(attribute, filter);
  if (meant.size === 0) {
    if (takesAway) return before;
    if (demands === null || isStrict)
      throw new DomainError('scim.no_target', `no value of ${attribute.name} meets the filter`);
    return [...before, merged(demands, change)];
  }
  const keepsRest = sub !== null || verb === 'add';
  return before.flatMap((each) => {
    if (!meant.has(each)) return [each];
    const after = merged(keepsRest ? each : (demands ?? {}), change);
    return hasContent(attribute, after) ? [isSame(each, after) ? each : after] : [];
  });
}

/** `{"emails": [{"value": "…"}]}`, as some clients remove by value. */
function innerOf(attribute: Attribute, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const name = Object.keys(value).find((key) => key.toLowerCase() === attribute.name.toLowerCase());
  return name === undefined ? value : (value as Readonly<Record<string, unknown>>)[name];
}

/** Whether `own` is what `named` means: equal in each sub-attribute that `named` gives. */
const covers = (attribute: Attribute, own: Element, named: Element): boolean =>
  Object.entries(named).every(([name, value]) => {
    const held = own[name];
    if (typeof held !== 'string' || typeof value !== 'string') return held === value;
    return subNamed(attribute, name)?.caseExact === true
      ? held === value
      : held.toLowerCase() === value.toLowerCase();
  });

const isSame = (one: Element, other: Element): boolean =>
  one['value'] === other['value'] &&
  Object.keys(one).length === Object.keys(other).length &&
  Object.entries(one).every(([name, value]) => other[name] === value);

/** An element whose `value` is gone means nothing, whatever else it says of itself. */
const hasContent = (attribute: Attribute, element: Element): boolean =>
  subNamed(attribute, 'value') === null
    ? Object.keys(element).length > 0
    : element['value'] !== undefined;

/**
 * RFC 7643 §2.4: one primary at most. Setting one clears the others; a list that claims several keeps the
 * first. An element that did not change is the same object as before.
 */
function withOnePrimary(
  elements: readonly Element[],
  before: readonly Element[],
): readonly Element[] {
  const claims = elements.filter((element) => element['primary'] === true);
  if (claims.length < 2) return elements;
  const winner = claims.find((element) => !before.includes(element)) ?? claims[0];
  return elements.map((element) =>
    element['primary'] === true && element !== winner ? { ...element, primary: false } : element,
  );
}
