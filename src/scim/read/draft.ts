import type { JsonObject, JsonValue } from '../../deprovision/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { changedList } from './list.js';
import { subNamed } from './schema.js';
import { isActive, type AttributeTarget, type Verb } from './target.js';
import { USER_SCHEMA } from './user-schema.js';
import { isElement, merged, readScalar, readSubValues, type Element } from './value.js';

/** The attributes of a resource while a request changes them; the stored ones are never touched. */
export class Draft {
  readonly #attributes: Map<string, JsonValue>;
  readonly #isStrict: boolean;

  constructor(attributes: JsonObject, isStrict = false) {
    this.#attributes = new Map(Object.entries(attributes));
    this.#isStrict = isStrict;
  }

  /** @throws DomainError: the whole request is refused, so that a PATCH is all or nothing */
  apply(verb: Verb, target: AttributeTarget, value: unknown): void {
    const { attribute, schema } = target;
    // What a request says about `active` is read by `word.ts`, also where this is never reached.
    if (isActive(target) || target.sub?.mutability === 'readOnly') return;
    if (attribute.required && verb === 'remove')
      throw new DomainError('scim.mutability', `${attribute.name} cannot be removed`);
    const holder = schema === USER_SCHEMA ? this.#attributes : this.#extension(schema.id);
    const next = changed(verb, target, {
      held: holder.get(attribute.name),
      value,
      isStrict: this.#isStrict,
    });
    if (next === undefined) holder.delete(attribute.name);
    else holder.set(attribute.name, next);
    if (holder !== this.#attributes) this.#keepExtension(schema.id, holder);
  }

  removeExtension(id: string): void {
    this.#attributes.delete(id);
  }

  attributes(): JsonObject {
    return Object.fromEntries(this.#attributes);
  }

  #extension(id: string): Map<string, JsonValue> {
    return new Map(Object.entries(elementOf(this.#attributes.get(id))));
  }

  #keepExtension(id: string, holder: ReadonlyMap<string, JsonValue>): void {
    if (holder.size === 0) this.#attributes.delete(id);
    else this.#attributes.set(id, Object.fromEntries(holder));
  }
}

interface Change {
  readonly held: JsonValue | undefined;
  readonly value: unknown;
  /** To the letter where tolerance makes more of a request than it says. */
  readonly isStrict: boolean;
}

function changed(verb: Verb, target: AttributeTarget, change: Change): JsonValue | undefined {
  if (target.attribute.multiValued) return changedList(verb, target, change);
  if (target.filter !== null)
    throw new DomainError('scim.invalid_path', `${target.attribute.name} has one value`);
  if (target.attribute.type === 'complex') return changedComplex(verb, target, change);
  return verb === 'remove' ? undefined : readScalar(target.attribute, change.value);
}

const elementOf = (value: JsonValue | undefined): Element => (isElement(value) ? value : {});

function changedComplex(
  verb: Verb,
  { attribute, sub }: AttributeTarget,
  { held, value, isStrict }: Change,
): Element | undefined {
  if (sub !== null) {
    const next = verb === 'remove' ? undefined : readScalar(sub, value);
    return unlessEmpty(merged(elementOf(held), new Map([[sub.name, next]])));
  }
  if (verb === 'remove' || value === null) return undefined;
  // RFC 7644 §3.5.2.3: sub-attributes that are not named stay. Not those of a reference, whose other parts
  // speak of whom it named before.
  const isMerged = subNamed(attribute, 'value') === null && !(isStrict && verb === 'replace');
  const base = isMerged ? elementOf(held) : {};
  return unlessEmpty(merged(base, readSubValues(attribute, value)));
}

const unlessEmpty = (element: Element): Element | undefined =>
  Object.keys(element).length > 0 ? element : undefined;
