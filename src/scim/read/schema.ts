/** One attribute as RFC 7643 §7 describes it; the same rows are served at /Schemas and read requests with. */
export interface Attribute {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'reference' | 'binary' | 'complex';
  readonly multiValued: boolean;
  readonly description: string;
  readonly required: boolean;
  readonly caseExact: boolean;
  readonly mutability: 'readWrite' | 'readOnly';
  readonly returned: 'default' | 'always' | 'request';
  readonly uniqueness: 'none' | 'server';
  readonly canonicalValues?: readonly string[];
  readonly referenceTypes?: readonly string[];
  readonly subAttributes?: readonly Attribute[];
}

export interface Schema {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly attributes: readonly Attribute[];
}

/** A type of resource, by the names that it knows. */
export interface ResourceKind {
  readonly core: Schema;
  readonly extensions: readonly Schema[];
  /** Ours to say. */
  readonly readOnly: readonly string[];
}

const simple = {
  type: 'string',
  multiValued: false,
  required: false,
  caseExact: false,
  mutability: 'readWrite',
  returned: 'default',
  uniqueness: 'none',
} as const;

export const text = (name: string, description: string): Attribute => ({
  ...simple,
  name,
  description,
});

export const flag = (name: string, description: string): Attribute => ({
  ...text(name, description),
  type: 'boolean',
});

export const link = (
  name: string,
  description: string,
  referenceTypes: readonly string[],
): Attribute => ({
  ...text(name, description),
  type: 'reference',
  caseExact: true,
  referenceTypes,
});

export const complex = (
  name: string,
  description: string,
  subAttributes: readonly Attribute[],
): Attribute => ({ ...text(name, description), type: 'complex', subAttributes });

/** RFC 7643 §4.1.2. */
export const PLACES = ['work', 'home', 'other'];

/** A multi-valued complex attribute with the sub-attributes of RFC 7643 §2.4 after its own `value`. */
export const list = (
  name: string,
  description: string,
  value: Attribute,
  types: readonly string[] = PLACES,
): Attribute => ({
  ...complex(name, description, [
    value,
    text('display', 'A name for people to read.'),
    kind(types),
    primary,
  ]),
  multiValued: true,
});

/** What an element of a list is for. The values are those that we advise (RFC 7643 §7): any other word is kept, too. */
export const kind = (values: readonly string[]): Attribute => ({
  ...text('type', 'What it is for.'),
  canonicalValues: values,
});

export const primary: Attribute = flag(
  'primary',
  'True for the preferred one; at most one of a list.',
);

/** The attribute of that name, in any case of letters, as IdPs write them. */
export function named(attributes: readonly Attribute[], name: string): Attribute | null {
  const wanted = name.toLowerCase();
  return attributes.find((attribute) => attribute.name.toLowerCase() === wanted) ?? null;
}

export const subNamed = (attribute: Attribute, name: string): Attribute | null =>
  named(attribute.subAttributes ?? [], name);
