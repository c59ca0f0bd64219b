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
  const isOnly = projection.kind === 'only';
  return Object.fromEntries(
    Object.entries(whole).flatMap(([name, value]) => {
      if (ALWAYS.includes(name)) return [[name, value]];
      const kept = keptOf(name, value, projection.places, isOnly);
      return kept === undefined ? [] : [[name, kept]];
    }),
  );
}

/** What remains of one member when the places are all that is wanted, or all that is not. */
function keptOf(name: string, value: unknown, places: readonly Place[], isOnly: boolean): unknown {
  const parts = places.flatMap((place) => partOf(name, value, place));
  if (parts.includes(EVERYTHING)) return isOnly ? value : undefined;
  if (parts.length === 0) return isOnly ? undefined : value;
  const each = (one: unknown): unknown =>
    isObject(one)
      ? Object.fromEntries(Object.entries(one).filter(([key]) => parts.includes(key) === isOnly))
      : one;
  return Array.isArray(value) ? value.map(each) : each(value);
}

const EVERYTHING = '*';

/** Which part of the member a place means: none, one of its own members, or everything. */
function partOf(name: string, value: unknown, place: Place): readonly string[] {
  if (place.schema !== null) {
    if (place.schema !== name) return [];
    return [place.name ?? EVERYTHING];
  }
  if (place.name === null) return isObject(value) && name.includes(':') ? [] : [EVERYTHING];
  return place.name === name ? [place.sub ?? EVERYTHING] : [];
}
