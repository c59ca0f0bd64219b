import { DomainError } from '../../kernel/domain-error.js';
import { MalformedBody } from './body.js';
import { member, readField, type Field } from './fields.js';
import { PATCH_OP } from './operations.js';
import { resolveIn, type AttributeTarget } from './target.js';
import { subNamed, type Attribute, type ResourceKind, type Schema } from './schema.js';
import { isObject } from './value.js';

export type Deed = 'create' | 'replace' | 'patch';

/**
 * The body, or that it is refused, as the interoperability profile has it (draft-zollner-scim-interop-profile-02): every name
 * is one that we advertise, values have their types, and a PATCH has paths. What a refused body says of `active` counts
 * all the same (P9).
 */
export function strictly(body: unknown, deed: Deed, kind: ResourceKind): unknown {
  if (body instanceof MalformedBody || !isObject(body)) return body;
  const fault = deed === 'patch' ? faultOfPatch(body, kind) : faultOfResource(body, kind);
  return fault === null ? body : new MalformedBody(body, fault, null);
}

type Fault = DomainError | null;

const syntax = (why: string): DomainError => new DomainError('scim.invalid_syntax', why);
const value = (why: string): DomainError => new DomainError('scim.invalid_value', why);

const first = <T>(all: readonly T[], faultOf: (one: T) => Fault): Fault => {
  for (const one of all) {
    const fault = faultOf(one);
    if (fault !== null) return fault;
  }
  return null;
};

function faultOfResource(body: Readonly<Record<string, unknown>>, kind: ResourceKind): Fault {
  const { core, extensions } = kind;
  const known = [core, ...extensions].map(({ id }) => id);
  const schemas = member(body, 'schemas');
  if (!Array.isArray(schemas) || !schemas.includes(core.id))
    return syntax(`schemas holds ${core.id}`);
  if (schemas.some((each) => typeof each !== 'string' || !known.includes(each)))
    return syntax('schemas names a schema that is not advertised');
  return first(Object.entries(body), ([name, given]) => faultOfMember(name, given, kind));
}

function faultOfMember(name: string, given: unknown, kind: ResourceKind): Fault {
  const extension = kind.extensions.find(({ id }) => id === name);
  if (extension !== undefined) return faultOfExtension(extension, given, kind);
  const found = resolveIn(kind.core, name, kind);
  // RFC 7644 §3.3, §3.5.1: what is read-only is ignored, and whoever sends back what they were given sends it.
  if (found.kind === 'read_only') return null;
  if (found.kind !== 'attribute' || name.includes('.')) return unknown();
  return faultOfValue(found.attribute, given);
}

const unknown = (): DomainError => syntax('a name is not one of the advertised attributes');

function faultOfExtension(extension: Schema, given: unknown, kind: ResourceKind): Fault {
  if (given === null) return null;
  if (!isObject(given)) return value("a schema's own member is an object");
  return first(Object.entries(given), ([name, inner]) => {
    const found = resolveIn(extension, name, kind);
    return found.kind !== 'attribute' || name.includes('.')
      ? unknown()
      : faultOfValue(found.attribute, inner);
  });
}

/** null is "unassigned" (RFC 7643 §2.5). */
function faultOfValue(attribute: Attribute, given: unknown): Fault {
  if (given === null) return null;
  if (!attribute.multiValued) return faultOfOne(attribute, given);
  if (!Array.isArray(given)) return value(`${attribute.name} is a list`);
  return first(given as readonly unknown[], (each) => faultOfOne(attribute, each));
}

function faultOfOne(attribute: Attribute, given: unknown): Fault {
  const { name, type } = attribute;
  if (type === 'boolean') return typeof given === 'boolean' ? null : value(`${name} is a boolean`);
  if (type !== 'complex') return typeof given === 'string' ? null : value(`${name} is a string`);
  if (!isObject(given)) return value(`${name} is an object`);
  return first(Object.entries(given), ([inner, each]) => {
    const sub = subNamed(attribute, inner);
    return sub === null ? unknown() : faultOfValue(sub, each);
  });
}

function faultOfPatch(body: Readonly<Record<string, unknown>>, kind: ResourceKind): Fault {
  const schemas = member(body, 'schemas');
  if (!Array.isArray(schemas) || !schemas.includes(PATCH_OP))
    return syntax(`schemas holds ${PATCH_OP}`);
  const operations = member(body, 'Operations');
  if (!Array.isArray(operations) || operations.length === 0)
    return syntax('Operations is a list of operations');
  return first(operations as readonly unknown[], (each) => faultOfOperation(each, kind));
}

function faultOfOperation(raw: unknown, kind: ResourceKind): Fault {
  if (!isObject(raw)) return syntax('an operation is an object');
  const [op, path, given] = ['op', 'path', 'value'].map((name) => member(raw, name));
  if (op !== 'add' && op !== 'replace' && op !== 'remove')
    return syntax('op is add, replace or remove');
  if (typeof path !== 'string' || path === '') return syntax('an operation has a path');
  const target = readField(path, kind);
  if (target.kind === 'attribute') return faultAt(target, { op, path, given }, kind);
  const extension = kind.extensions.find(({ id }) => id === path);
  if (extension !== undefined)
    return op === 'remove' ? null : faultOfExtension(extension, given, kind);
  // What is read-only and what is no path is refused where it is carried out.
  return isRefusedLater(target) ? null : unknown();
}

const isRefusedLater = ({ kind }: Field['target']): boolean =>
  kind === 'read_only' || kind === 'unparsable';

function faultAt(
  { attribute, filter, sub, schema }: AttributeTarget,
  { op, path, given }: { readonly op: string; readonly path: string; readonly given: unknown },
  { core }: ResourceKind,
): Fault {
  if (schema !== core && !path.startsWith(`${schema.id}:`)) return unknown();
  if (op === 'remove') return given === undefined ? null : value('remove has no value');
  if (filter !== null && sub === null)
    return new DomainError('scim.invalid_path', 'a value path ends in a sub-attribute');
  if (sub !== null) return faultOfValue(sub, given);
  const isOneMore = op === 'add' && attribute.multiValued && !Array.isArray(given);
  return isOneMore ? faultOfOne(attribute, given) : faultOfValue(attribute, given);
}
