import type { Place, Projection } from '../read/projection.js';
import { isObject } from '../read/value.js';

export type JsonObject = Record<string, unknown>;

const ALWAYS: readonly string[] = ['schemas', 'id'];

/** What an answer holds of a whole resource (RFC 7644 §3.9). */
export function projected(whole: JsonObject, projection: Projection): JsonObject {
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
