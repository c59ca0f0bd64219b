import type { ActiveWord } from '../../deprovision/index.js';

/**
 * What a value says about `active`. Entra sends the strings "True" and "False", and some clients wrap a scalar
 * as `[{"value": …}]`; null and an empty list are "unassigned" (RFC 7643 §2.5), which is no word. Any other
 * value is unreadable: it must pass neither for active nor for gone.
 */
export function readActive(value: unknown): ActiveWord {
  const scalar = unwrapped(value);
  if (scalar === null) return 'absent';
  if (typeof scalar === 'boolean') return scalar ? 'true' : 'false';
  if (typeof scalar !== 'string') return 'unreadable';
  const word = scalar.toLowerCase();
  return word === 'true' || word === 'false' ? word : 'unreadable';
}

function unwrapped(value: unknown): unknown {
  if (!Array.isArray(value)) return valueOf(value);
  if (value.length === 0) return null;
  return value.length === 1 ? valueOf(value[0]) : undefined;
}

function valueOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.hasOwn(value, 'value') ? (value as { value: unknown }).value : undefined;
}

/**
 * The last readable word counts (P9). A word that cannot be read hides an earlier `true`, which may have been
 * taken back by it, but never an earlier `false`.
 */
export function laterWord(earlier: ActiveWord, later: ActiveWord): ActiveWord {
  if (later === 'absent') return earlier;
  return later === 'unreadable' && earlier === 'false' ? 'false' : later;
}

/** A path that we cannot parse, but that means `active` to a human reader, as "/active" does. */
export const mentionsActive = (path: string): boolean =>
  /(?:^|[^a-z0-9])active(?:$|[^a-z0-9])/i.test(path);
