import { DomainError } from '../../kernel/domain-error.js';

/** Nobody nests deeper on purpose; recursive readers behind us must not run out of stack. */
const DEPTH_MAX = 64;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The JSON value of a body, undefined when the body is empty (a DELETE may name a type and bring nothing).
 *
 * @throws DomainError `request.malformed` for what is no JSON in UTF-8, is nested deeper than 64, or would
 *   reach an object's prototype; `request.unstorable_text` for U+0000 and unpaired surrogates, which
 *   PostgreSQL cannot store
 */
export function readJson(body: Uint8Array): unknown {
  if (body.byteLength === 0) return undefined;
  const value = parse(body);
  inspect(value);
  return value;
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch (error) {
    // The parser's own words quote the body.
    throw new DomainError('request.malformed', 'the body is no JSON in UTF-8', {
      cause: error instanceof RangeError ? error : undefined,
    });
  }
}

/** Level by level and without recursion, so that the nesting of the body cannot become the nesting of calls. */
function inspect(root: unknown): void {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEPTH_MAX)
      throw new DomainError('request.malformed', `nested deeper than ${DEPTH_MAX}`);
    const next: unknown[] = [];
    for (const value of level) inspectOne(value, next);
    level = next;
  }
}

function inspectOne(value: unknown, next: unknown[]): void {
  if (typeof value === 'string') refuseUnstorable(value);
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) next.push(item);
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    if (name === '__proto__')
      throw new DomainError('request.malformed', 'a member is named __proto__');
    if (name === 'constructor' && typeof member === 'object')
      throw new DomainError('request.malformed', 'a member is named constructor');
    refuseUnstorable(name);
    next.push(member);
  }
}

/** @throws DomainError `request.unstorable_text` */
export function refuseUnstorable(text: string): void {
  if (text.includes('\0') || /\p{Surrogate}/u.test(text))
    throw new DomainError(
      'request.unstorable_text',
      'a string holds U+0000 or an unpaired surrogate',
    );
}
