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

/**
 * Whether a name or path that we do not understand holds the name `active`, as "/active" and "$.active" do. An
 * attribute's name may hold "_" and "-" (RFC 7643 §2.1): `active_directory_id` is another name.
 */
export const mentionsActive = (path: string): boolean =>
  /(?:^|[^a-z0-9_-])[_-]*active[_-]*(?:$|[^a-z0-9_-])/i.test(path);

/** Members whose text is itself read for names. */
const isRead = (name: string): boolean => ['path', 'operations'].includes(name.toLowerCase());

/**
 * Whether `active` stands anywhere in what we cannot read: as a member's name, in a path, or as a text of its own.
 * Level by level, so that the nesting of a request cannot become the nesting of calls.
 */
export function holdsActive(root: unknown): boolean {
  for (let level = [root]; level.length > 0;) {
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'string' && mentionsActive(value)) return true;
      if (typeof value !== 'object' || value === null) continue;
      for (const [name, inner] of Object.entries(value)) {
        if (mentionsActive(name)) return true;
        if (typeof inner !== 'string' || Array.isArray(value) || isRead(name)) next.push(inner);
      }
    }
    level = next;
  }
  return false;
}
