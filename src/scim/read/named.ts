import { readActive } from './active.js';
import { MalformedBody, readBody } from './body.js';
import { member } from './fields.js';
import { parseFilter, type Filter } from './filter.js';
import type { Attribute } from './schema.js';
import { SCHEMAS } from './user-schema.js';
import { isObject } from './value.js';
import { saidByPatch, saidByResource } from './word.js';

/** What is told of a request to those who look after the connection: names that we know, and what it says of `active`. */
export type Named = Readonly<Record<string, unknown>>;

export interface Asked {
  readonly method: string;
  readonly operation: string;
  readonly query: unknown;
  readonly body: Uint8Array | null;
}

const MOST_NAMES = 60;
const MOST_OPERATIONS = 20;
const HIDDEN = '…';
/** Whatever is no name of ours may be anybody's. */
const UNKNOWN = '?';

const PARAMETERS = [
  'filter',
  'sortBy',
  'sortOrder',
  'startIndex',
  'count',
  'cursor',
  'attributes',
  'excludedAttributes',
];

/** Every name that is ours, by its lower case: nothing else of what a client writes is ever shown. */
const KNOWN: ReadonlyMap<string, string> = new Map(
  [
    ...SCHEMAS.flatMap(({ attributes }) => attributes.flatMap(namesOf)),
    ...['id', 'externalId', 'schemas', 'meta', 'created', 'lastModified', 'resourceType'],
    ...['location', 'version', 'password', 'groups', 'members', '$ref', 'type', 'display'],
  ].map((name) => [name.toLowerCase(), name]),
);

function namesOf({ name, subAttributes = [] }: Attribute): readonly string[] {
  return [name, ...subAttributes.flatMap(namesOf)];
}

/** Pure: the request as it came in, its names out. */
export function namedIn(asked: Asked): Named | null {
  const { method, operation, query } = asked;
  if (method === 'GET') return searched(query);
  if (method === 'DELETE' || asked.body === null || asked.body.byteLength === 0) return null;
  const read = readBody(asked.body);
  const malformed = read instanceof MalformedBody;
  const body = malformed ? read.value : read;
  if (operation === 'search') return searched(body);
  const { word } = method === 'PATCH' ? saidByPatch(read) : saidByResource(read);
  return {
    ...(word === 'absent' ? {} : { active: word }),
    ...(malformed ? { malformed: true } : {}),
    ...(method === 'PATCH' ? { operations: operationsIn(body) } : namesIn(body)),
  };
}

function searched(query: unknown): Named | null {
  if (!isObject(query)) return null;
  const parameters = PARAMETERS.filter((name) => member(query, name) !== undefined);
  const filter = member(query, 'filter');
  if (parameters.length === 0) return null;
  return { parameters, ...(typeof filter === 'string' ? { filter: shapeOf(filter) } : {}) };
}

function shapeOf(filter: string): string {
  try {
    return printed(parseFilter(filter));
  } catch {
    return UNKNOWN;
  }
}

function printed(filter: Filter): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return `(${filter.parts.map(printed).join(` ${filter.kind} `)})`;
    case 'not':
      return `not (${printed(filter.filter)})`;
    case 'present':
      return `${maskedPath(filter.path)} pr`;
    case 'compare': {
      const path = maskedPath(filter.path);
      const value = path === 'active' ? activeShown(filter.value) : HIDDEN;
      return `${path} ${filter.comparator} ${value}`;
    }
    case 'element': {
      const then = filter.then === null ? '' : `.${printed(filter.then)}`;
      return `${maskedPath(filter.path)}[${printed(filter.filter)}]${then}`;
    }
  }
}

function operationsIn(body: unknown): Named | readonly Named[] {
  const listed = isObject(body) ? member(body, 'Operations') : undefined;
  if (!Array.isArray(listed)) return namesIn(body);
  const shown = (listed as readonly unknown[]).slice(0, MOST_OPERATIONS).map(operationIn);
  const more = listed.length - shown.length;
  return more > 0 ? [...shown, { more }] : shown;
}

const VERBS = ['add', 'replace', 'remove'];

function operationIn(raw: unknown): Named {
  if (!isObject(raw)) return { op: UNKNOWN };
  const op = member(raw, 'op');
  const path = member(raw, 'path');
  const value = member(raw, 'value');
  const verb = typeof op === 'string' && VERBS.includes(op.toLowerCase()) ? op : UNKNOWN;
  if (typeof path !== 'string' || path === '')
    return { op: verb, ...(path === undefined ? {} : { path: UNKNOWN }), ...namesIn(value) };
  const masked = maskedPath(path);
  return { op: verb, path: masked, ...(masked === 'active' ? { value: activeShown(value) } : {}) };
}

/** The names of an object, each once, and the value of `active` in it. */
function namesIn(value: unknown): Named {
  const objects = (Array.isArray(value) ? (value as readonly unknown[]) : [value]).filter(isObject);
  const names = new Set<string>();
  let active: unknown;
  for (const object of objects.slice(0, MOST_OPERATIONS))
    for (const [name, inner] of Object.entries(object).slice(0, MOST_NAMES)) {
      const masked = maskedPath(name);
      names.add(masked);
      if (masked === 'active') active = inner;
      const isSchema = SCHEMAS.some(({ id }) => id.toLowerCase() === name.toLowerCase());
      if (isSchema && isObject(inner))
        for (const each of Object.keys(inner).slice(0, MOST_NAMES)) names.add(maskedPath(each));
    }
  return {
    names: [...names].slice(0, MOST_NAMES),
    ...(active === undefined ? {} : { value: activeShown(active) }),
  };
}

/** As it was written, where it can only be a word about `active`; else how it is read. */
function activeShown(value: unknown): string {
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string' && /^(?:true|false)$/i.test(value)) return JSON.stringify(value);
  return readActive(value);
}

/** A name or path: the names that we know, `?` for every other one, filters closed. */
function maskedPath(path: string): string {
  const lower = path.trim().toLowerCase();
  const schema = SCHEMAS.find(({ id }) => lower.startsWith(id.toLowerCase()));
  if (schema?.id.length === lower.length) return schema.id;
  const bare = schema === undefined ? lower : lower.slice(schema.id.length + 1);
  return bare
    .replace(/\[.*\]/s, '[]')
    .split('.')
    .slice(0, 3)
    .map((part) => {
      const known = KNOWN.get(part.replace('[]', '')) ?? UNKNOWN;
      return part.endsWith('[]') ? `${known}[${HIDDEN}]` : known;
    })
    .join('.');
}
