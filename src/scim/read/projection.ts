import { member } from './fields.js';
import type { ResourceKind } from './schema.js';
import { resolve } from './target.js';
import { USERS } from './user-schema.js';
import { isObject } from './value.js';

/** A place in an answer: an attribute or its part, in the core or inside a schema's own object. */
export interface Place {
  readonly schema: string | null;
  /** Null: everything of that schema. */
  readonly name: string | null;
  readonly sub: string | null;
}

/** RFC 7644 §3.9: which parts of a resource an answer holds besides `id` and `schemas`, which are always there. */
export type Projection =
  | { readonly kind: 'whole' }
  | { readonly kind: 'only' | 'without'; readonly places: readonly Place[] };

/** `attributes` goes before `excludedAttributes`; names that nobody knows ask for nothing. Never throws. */
export function readProjection(query: unknown, kind: ResourceKind = USERS): Projection {
  if (!isObject(query)) return { kind: 'whole' };
  const only = names(member(query, 'attributes'));
  if (only.length > 0) return { kind: 'only', places: only.flatMap((path) => placeOf(path, kind)) };
  const without = names(member(query, 'excludedAttributes'));
  return without.length > 0
    ? { kind: 'without', places: without.flatMap((path) => placeOf(path, kind)) }
    : { kind: 'whole' };
}

const names = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value])
    .flatMap((each) => (typeof each === 'string' ? each.split(',') : []))
    .map((name) => name.trim())
    .filter((name) => name !== '');

function placeOf(path: string, kind: ResourceKind): readonly Place[] {
  const named = resolve(path, kind);
  switch (named.kind) {
    case 'attribute':
      return [
        {
          schema: named.schema === kind.core ? null : named.schema.id,
          name: named.attribute.name,
          sub: named.sub?.name ?? null,
        },
      ];
    case 'schema':
      return [
        {
          schema: named.schema === kind.core ? null : named.schema.id,
          name: null,
          sub: null,
        },
      ];
    case 'read_only':
      // `meta.version`: parts that no client ever sets.
      return [{ schema: null, name: named.name, sub: /\.(\w+)$/.exec(path)?.[1] ?? null }];
    case 'unknown':
      return [];
  }
}

/** Whether an answer holds this attribute, or parts of it. */
export function isTold(name: string, projection: Projection): boolean {
  switch (projection.kind) {
    case 'whole':
      return true;
    case 'only':
      return projection.places.some((place) => isOf(place, name));
    case 'without':
      return !projection.places.some((place) => isOf(place, name) && place.sub === null);
  }
}

/** Whether an attribute was asked for by its name. */
export const isAskedFor = (name: string, projection: Projection): boolean =>
  projection.kind === 'only' && projection.places.some((place) => place.name === name);

const isOf = (place: Place, name: string): boolean =>
  place.schema === null && (place.name === null || place.name === name);
