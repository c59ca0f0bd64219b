import { DomainError } from '../../kernel/domain-error.js';
import { mentionsActive } from './active.js';

/** Nobody nests deeper on purpose. */
const MAX_DEPTH = 64;

/** A body that is no SCIM message whatever it says. It is refused where what it says of `active` has been read (P9). */
export class MalformedBody {
  constructor(
    /** Undefined when it is no JSON. */
    readonly value: unknown,
    readonly refusal: DomainError,
    /** Null when nothing is missing in `value`; else whether the text, which has everything, mentions `active`. */
    readonly mentionsActive: boolean | null,
  ) {}
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
const anyUtf8 = new TextDecoder('utf-8');

/** The JSON value, or what is wrong with it; `refusal` is what is wrong already, whatever the body says. */
export function readBody(bytes: Uint8Array, refusal: DomainError | null = null): unknown {
  let text: string;
  let value: unknown;
  try {
    text = strictUtf8.decode(bytes);
    value = JSON.parse(text);
  } catch {
    // Without NULs: in UTF-16, every other byte of a plain name is one.
    const words = anyUtf8.decode(bytes).replaceAll('\0', '');
    // The parser's own words quote the body.
    const malformed = new DomainError('request.malformed', 'the body is no JSON in UTF-8');
    return new MalformedBody(undefined, refusal ?? malformed, mentionsActive(words));
  }
  const { isDeep, repeats, mentionsActive: mentions } = scanned(text);
  const why = isDeep ? `nested deeper than ${MAX_DEPTH}` : repeats ? 'a member stands twice' : null;
  const wrong = refusal ?? (why === null ? null : new DomainError('scim.invalid_syntax', why));
  return wrong === null ? value : new MalformedBody(value, wrong, repeats ? mentions : null);
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

const MATTERS = ['schemas', 'operations', 'op', 'path', 'value', 'members'];

/** Where a second one could hide a word about `active` or somebody who left a group; of other names the last one counts, as JSON readers have it. */
const matters = (name: string): boolean =>
  MATTERS.includes(name) || name.startsWith('urn:') || mentionsActive(name);
