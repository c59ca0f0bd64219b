import type { Place, Projection } from '../read/projection.js';
import { EXTERNAL_ID, ENTERPRISE_SCHEMA, USER_SCHEMA } from '../read/user-schema.js';
import { isObject } from '../read/value.js';

/** What is told about a person, as stored. */
export interface UserView {
  readonly id: string;
  readonly active: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly version: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
}

export type JsonObject = Record<string, unknown>;

/** RFC 7644 §3.14: weak, since projections of one version differ. */
export const etagOf = (user: UserView): string => `W/"${user.version}"`;

export const locationOf = (root: string, user: UserView): string => `${root}/Users/${user.id}`;

/**
 * A person as RFC 7643 §4 writes it, in the schema's order. `schemas`, `meta` and `active` are made here; nothing
 * else but the schema's own attributes can get out.
 *
 * @param root the URL above `/Users`
 */
export function presentUser(user: UserView, root: string, projection: Projection): JsonObject {
  const own = inOrder([EXTERNAL_ID.name, ...USER_SCHEMA.attributes.map(({ name }) => name)], {
    ...user.attributes,
    active: user.active,
  });
  const extension = user.attributes[ENTERPRISE_SCHEMA.id];
  const isExtended = isObject(extension);
  const whole: JsonObject = {
    schemas: [USER_SCHEMA.id, ...(isExtended ? [ENTERPRISE_SCHEMA.id] : [])],
    id: user.id,
    ...own,
    ...(isExtended && {
      [ENTERPRISE_SCHEMA.id]: inOrder(
        ENTERPRISE_SCHEMA.attributes.map(({ name }) => name),
        extension,
      ),
    }),
    meta: {
      resourceType: 'User',
      created: user.createdAt.toISOString(),
      lastModified: user.changedAt.toISOString(),
      location: locationOf(root, user),
      version: etagOf(user),
    },
  };
  return projected(whole, projection);
}

const inOrder = (names: readonly string[], values: Readonly<JsonObject>): JsonObject =>
  Object.fromEntries(
    names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]),
  );

const ALWAYS: readonly string[] = ['schemas', 'id'];

function projected(whole: JsonObject, projection: Projection): JsonObject {
  if (projection.kind === 'whole') return whole;
  const { places } = projection;
  const isOnly = projection.kind === 'only';
  return Object.fromEntries(
    Object.entries(whole).flatMap(([name, value]) => {
      const kept = ALWAYS.includes(name) ? value : memberOf(name, value, { places, isOnly });
      return kept === undefined ? [] : [[name, kept]];
    }),
  );
}

interface Wanted {
  readonly places: readonly Place[];
  /** The places are all that is wanted; else all that is not. */
  readonly isOnly: boolean;
}

/** What remains of one member; undefined when nothing does. A schema's own object is projected like a resource. */
function memberOf(name: string, value: unknown, { places, isOnly }: Wanted): unknown {
  const isCore = !name.includes(':');
  const named = places.filter((place) =>
    isCore ? place.schema === null && isNameOf(place, name) : place.schema === name,
  );
  if (named.length === 0) return isOnly ? undefined : value;
  if (named.some((place) => (isCore ? place.sub : place.name) === null))
    return isOnly ? value : undefined;
  if (isCore) return partsOf(value, new Set(named.map(({ sub }) => sub)), isOnly);
  const inner = named.map((place) => ({ ...place, schema: null }));
  return filled(
    Object.entries(value as JsonObject).map(([key, each]) => [
      key,
      memberOf(key, each, { places: inner, isOnly }),
    ]),
  );
}

const isNameOf = (place: Place, name: string): boolean =>
  place.name === null || place.name === name;

/** Of a list, the parts of each element. */
function partsOf(value: unknown, parts: ReadonlySet<string | null>, isOnly: boolean): unknown {
  if (!Array.isArray(value)) return isObject(value) ? some(value, parts, isOnly) : value;
  const elements = value.map((each: unknown) => partsOf(each, parts, isOnly));
  const left = elements.filter((each) => each !== undefined);
  return left.length > 0 ? left : undefined;
}

const some = (
  value: Readonly<JsonObject>,
  parts: ReadonlySet<string | null>,
  isOnly: boolean,
): JsonObject | undefined =>
  filled(Object.entries(value).filter(([name]) => parts.has(name) === isOnly));

/** What is empty is not there (RFC 7643 §2.5). */
function filled(members: readonly (readonly [string, unknown])[]): JsonObject | undefined {
  const left = members.filter(([, value]) => value !== undefined);
  return left.length > 0 ? Object.fromEntries(left) : undefined;
}
