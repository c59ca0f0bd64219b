import { mentionsActive } from './active.js';
import type { ResourceKind } from './schema.js';
import { readTarget, resolveIn, type Target } from './target.js';
import { USERS } from './user-schema.js';
import { isObject } from './value.js';

/** One name in an object and what it stands for; `unparsable` also says whether a reader would see `active` in it. */
export interface Field {
  readonly target: Target | { readonly kind: 'unparsable'; readonly mentionsActive: boolean };
  readonly value: unknown;
}

/**
 * What an object says, in its order: whole resources, and the values of PATCH operations without a path. Entra
 * writes dotted names, paths and URN-colon names where the RFC has nested objects; all of them are understood,
 * and a schema's own object is opened.
 */
export function fieldsOf(
  object: Readonly<Record<string, unknown>>,
  kind: ResourceKind = USERS,
): Field[] {
  return Object.entries(object).flatMap(([name, value]): Field[] => {
    const target = readField(name, kind);
    if (target.kind !== 'schema' || !isObject(value)) return [{ target, value }];
    return Object.entries(value).map(([inner, each]) => {
      const found = resolveIn(target.schema, inner, kind);
      return {
        target: unlessActive(
          inner,
          found.kind === 'attribute' ? { ...found, filter: null } : found,
        ),
        value: each,
      };
    });
  });
}

export function readField(name: string, kind: ResourceKind = USERS): Field['target'] {
  try {
    const target = readTarget(name.trim(), kind);
    // Only what was parsed: its length is bounded and its quotes are closed.
    return unlessActive(name.replace(QUOTED, ''), target);
  } catch {
    return { kind: 'unparsable', mentionsActive: mentionsActive(name) };
  }
}

/** A value in a filter, which is no name. */
const QUOTED = /"(?:[^"\\]|\\.)*"/g;

/** What is unknown is passed over, but not where `active` is one of its names: "User.active" may mean ours (P9). */
const unlessActive = (name: string, target: Target): Field['target'] =>
  target.kind === 'unknown' && mentionsActive(name)
    ? { kind: 'unparsable', mentionsActive: true }
    : target;

/** A member by its name in any case of letters; the exact one if both are there. */
export function member(object: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name];
  const found = Object.keys(object).find((key) => key.toLowerCase() === name.toLowerCase());
  return found === undefined ? undefined : object[found];
}
