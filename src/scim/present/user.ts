import { versionTag } from '../../contract/security-event.js';
import type { Projection } from '../read/projection.js';
import { EXTERNAL_ID, USER_SCHEMA, USERS } from '../read/user-schema.js';
import { isObject } from '../read/value.js';
import { projected, type JsonObject } from './projected.js';

/** What is told about a person, as stored. */
export interface UserView {
  readonly id: string;
  readonly active: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly version: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
  /** Null when they are left out, because there are too many; not there when nobody asked. */
  readonly groups?: readonly { readonly id: string; readonly displayName: string }[] | null;
}

export const etagOf = ({ version }: { readonly version: number }): string => versionTag(version);

export const locationOf = (root: string, user: Pick<UserView, 'id'>): string =>
  `${root}/Users/${user.id}`;

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
    groups: user.groups?.map(({ id, displayName }) => ({
      value: id,
      $ref: `${root}/Groups/${id}`,
      display: displayName,
      type: 'direct',
    })),
  });
  const extensions = USERS.extensions.flatMap(({ id, attributes }) => {
    const own = user.attributes[id];
    const names = attributes.map(({ name }) => name);
    return isObject(own) ? ([[id, inOrder(names, own)]] as const) : [];
  });
  const whole: JsonObject = {
    schemas: [USER_SCHEMA.id, ...extensions.map(([id]) => id)],
    id: user.id,
    ...own,
    ...Object.fromEntries(extensions),
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
