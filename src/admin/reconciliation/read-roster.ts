import { createHash } from 'node:crypto';
import { DomainError } from '../../kernel/domain-error.js';
import { readCsv } from './csv.js';
import { readJsonLines } from './json-lines.js';
import { readListResponse } from './list-response.js';
import { cut, malformed, type ReadRows, type RosterRow } from './roster-row.js';

const FORMATS: Readonly<Record<string, ReadRows>> = {
  'application/scim+json': readListResponse,
  'application/json': readListResponse,
  'application/x-ndjson': readJsonLines,
  'application/jsonl': readJsonLines,
  'text/csv': readCsv,
};

export const ROSTER_MEDIA_TYPES = Object.keys(FORMATS);

/** A million people, with all that an IdP says of each. */
export const MOST_ROSTER_BYTES = 1_073_741_824;

/** A roster as it is read, and what it was once the last row has been. */
export interface RosterReading {
  readonly rows: AsyncIterable<readonly RosterRow[]>;
  /** base64url(SHA-256) of its bytes. */
  readonly digest: () => string;
}

/**
 * Reads a roster as it comes in: never more of it than a few rows is in memory.
 *
 * @throws DomainError `request.media_type`; while it is read `roster.malformed`, `roster.cut`, `request.too_large`,
 *   `request.timed_out`
 */
export function readRoster(
  mediaType: string | undefined,
  bytes: AsyncIterable<Uint8Array>,
): RosterReading {
  const read = FORMATS[mediaType?.split(';', 1)[0]?.trim().toLowerCase() ?? ''];
  if (read === undefined)
    throw new DomainError('request.media_type', `a roster is ${ROSTER_MEDIA_TYPES.join(', ')}`);
  const hash = createHash('sha256');
  return { rows: read(decoded(bytes, hash)), digest: () => hash.digest('base64url') };
}

async function* decoded(
  bytes: AsyncIterable<Uint8Array>,
  hash: { update(chunk: Uint8Array): unknown },
): AsyncIterable<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let received = 0;
  for await (const chunk of unbroken(bytes)) {
    received += chunk.byteLength;
    if (received > MOST_ROSTER_BYTES)
      throw new DomainError('request.too_large', 'the roster is too large');
    hash.update(chunk);
    yield textOf(() => decoder.decode(chunk, { stream: true }));
  }
  yield textOf(() => decoder.decode());
}

/** A client that goes away has not said everything. One that is too slow is told so. */
async function* unbroken(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw cut('the body broke off');
  }
}

function textOf(decode: () => string): string {
  try {
    return decode();
  } catch {
    throw malformed('the body is not in UTF-8');
  }
}
