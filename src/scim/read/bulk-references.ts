import { MalformedBody } from './body.js';
import type { BulkOperation } from './bulk.js';
import { isObject } from './value.js';

/** Ids of what the operations of one request made, by their bulkId. */
export type Made = ReadonlyMap<string, string>;

const REFERENCE = /^bulkId:(.+)$/i;

const nameIn = (value: unknown): string | null =>
  typeof value === 'string' ? (REFERENCE.exec(value)?.[1] ?? null) : null;

/** The bulkIds that an operation speaks of, in its path and anywhere in its data (RFC 7644 §3.7.2). */
export function referencesIn({ id, data }: BulkOperation): readonly string[] {
  const found = new Set<string>();
  walk(id, found);
  if (!(data instanceof MalformedBody)) walk(data, found);
  return [...found];
}

/** Nesting is bounded where the body was read. */
function walk(value: unknown, found: Set<string>): void {
  const name = nameIn(value);
  if (name !== null) found.add(name);
  if (Array.isArray(value)) for (const each of value) walk(each, found);
  else if (isObject(value)) for (const each of Object.values(value)) walk(each, found);
}

/** The operation with ids in the place of the references that are known by now. */
export function resolved(operation: BulkOperation, made: Made): BulkOperation {
  return {
    ...operation,
    id: operation.id === null ? null : String(replaced(operation.id, made)),
    data: operation.data instanceof MalformedBody ? operation.data : replaced(operation.data, made),
  };
}

function replaced(value: unknown, made: Made): unknown {
  const name = nameIn(value);
  if (name !== null) return made.get(name) ?? value;
  if (Array.isArray(value)) return value.map((each) => replaced(each, made));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, replaced(each, made)]),
  );
}

/** The data without what speaks of something that is not there yet: whole elements of lists, and members. */
export function withoutReferences(data: unknown): unknown {
  if (Array.isArray(data))
    return data.filter((each) => !speaksOfOthers(each)).map((each) => withoutReferences(each));
  if (!isObject(data)) return data;
  const kept = Object.entries(data).filter(
    ([, value]) => Array.isArray(value) || !speaksOfOthers(value),
  );
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutReferences(value)]));
}

function speaksOfOthers(value: unknown): boolean {
  const found = new Set<string>();
  walk(value, found);
  return found.size > 0;
}
