import { DomainError } from '../../kernel/domain-error.js';
import { readId } from '../../kernel/ids.js';

/** Where a page ended: the listing goes on below this place. */
export interface Place {
  /** RFC 3339 UTC with milliseconds. */
  readonly at: string;
  readonly id: string;
}

const CURSOR = /^(\d{1,15})\.([0-9a-f-]{36})$/;
/** The largest time that a Date can hold, milliseconds. */
const LAST_MS = 8_640_000_000_000_000;

/** Opaque to clients; it holds no secret, so it is not signed: any place of one's own log may be asked for. */
export const cursorOf = (place: Place): string => `${Date.parse(place.at)}.${place.id}`;

/** @throws DomainError `request.invalid_value` */
export function readCursor(text: string): Place {
  const [, ms, id] = CURSOR.exec(text) ?? [];
  if (ms === undefined || readId(id) === null || Number(ms) > LAST_MS)
    throw new DomainError('request.invalid_value', 'cursor: not one that this list gave');
  return { at: new Date(Number(ms)).toISOString(), id: String(id) };
}
