import { mentionsActive } from './active.js';

/** Nobody nests deeper on purpose. */
const MAX_DEPTH = 64;

/** JSON that is no SCIM message whatever it says. It is refused where what it says of `active` has been read (P9). */
export class MalformedBody {
  readonly value: unknown;
  readonly why: string;
  /** A member stands twice, so that `value` has lost one of them. */
  readonly repeats: boolean;
  /** In the text itself, where nothing is lost yet. */
  readonly mentionsActive: boolean;

  constructor(value: unknown, { isDeep, repeats, mentionsActive: mentions }: Scan) {
    this.value = value;
    this.repeats = repeats;
    this.mentionsActive = mentions;
    this.why = isDeep ? `nested deeper than ${MAX_DEPTH}` : 'a member stands twice';
  }
}

/**
 * @returns the JSON value, or why it is no message
 * @throws SyntaxError when it is no JSON
 */
export function readBody(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const scan = scanned(text);
  return scan.isDeep || scan.repeats ? new MalformedBody(value, scan) : value;
}

interface Scan {
  readonly isDeep: boolean;
  readonly repeats: boolean;
  readonly mentionsActive: boolean;
}

/** One object or list that is open; only an object has names. */
interface Open {
  readonly names: Set<string> | null;
  /** The member that is being read; lower case. */
  name: string;
}

const TOKEN = /("[^"\\]*(?:\\.[^"\\]*)*")\s*(:)?|[{}[\]]/g;

/** Reads JSON that is known to be valid for what `JSON.parse` drops: members that stand twice. No recursion. */
function scanned(text: string): Scan {
  const open: Open[] = [];
  const scan = { isDeep: false, repeats: false, mentionsActive: false };
  for (const [token, quoted, colon] of text.matchAll(TOKEN)) {
    const inner = open.at(-1);
    if (quoted === undefined) {
      if (token === '}' || token === ']') open.pop();
      else open.push({ names: token === '{' ? new Set() : null, name: inner?.name ?? '' });
      scan.isDeep ||= open.length > MAX_DEPTH;
    } else if (colon === undefined) {
      const isRead = inner?.names == null || inner.name === 'path' || inner.name === 'operations';
      scan.mentionsActive ||= isRead && mentionsActive(textOf(quoted));
    } else if (inner !== undefined) {
      inner.name = textOf(quoted).trim().toLowerCase();
      scan.mentionsActive ||= mentionsActive(inner.name);
      scan.repeats ||= matters(inner.name) && inner.names?.has(inner.name) === true;
      inner.names?.add(inner.name);
    }
  }
  return scan;
}

const textOf = (quoted: string): string =>
  quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);

const MATTERS = ['schemas', 'operations', 'op', 'path', 'value'];

/** Where a second one could hide a word about `active`; of other names the last one counts, as JSON readers have it. */
const matters = (name: string): boolean =>
  MATTERS.includes(name) || name.startsWith('urn:') || mentionsActive(name);
