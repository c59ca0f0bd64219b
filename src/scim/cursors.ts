import type { ResourcePosition, ScimPlace } from '../directory/index.js';
import type { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import type { GroupId, ResourceId } from '../kernel/ids.js';
import type { Sealer } from '../platform/crypto/sealer.js';
import { sha256 } from '../platform/crypto/sha256.js';
import { CURSOR_TIMEOUT_S } from './read/search-request.js';

/** Where a search goes on. */
export interface Bookmark {
  /** What was searched for, and in which order: a cursor goes on with nothing else. */
  readonly search: string;
  readonly count: number;
  /** How many there were when it began. */
  readonly total: number;
  /** Of several lists that are searched one after the other, which one. */
  readonly list: number;
  /** Null at its beginning. */
  readonly from: ResourcePosition | null;
}

/** Longer ones are none of ours. */
const MAX_LENGTH = 4_096;

/** A filter may be longer than a URL. */
const digestOf = (search: string): string =>
  Buffer.from(sha256(Buffer.from(search))).toString('base64url');

const placeOf = ({ organization, connection }: ScimPlace): string =>
  `scim cursor 2 ${organization} ${connection}`;

/**
 * Cursors of RFC 9865: sealed for their connection, since they hold what people are sorted by, and kept by the client
 * alone, so that no number of them costs us anything.
 */
export class Cursors {
  readonly #sealer: Sealer;
  readonly #clock: Clock;

  constructor(sealer: Sealer, clock: Clock) {
    this.#sealer = sealer;
    this.#clock = clock;
  }

  seal(place: ScimPlace, { search, count, total, list, from }: Bookmark): string {
    const until = this.#clock.now().getTime() + CURSOR_TIMEOUT_S * 1000;
    const text = JSON.stringify([
      until,
      digestOf(search),
      count,
      total,
      list,
      from && [from.key, from.createdAt, from.id],
    ] satisfies Sealed);
    return Buffer.from(this.#sealer.seal(Buffer.from(text), placeOf(place))).toString('base64url');
  }

  /** @throws DomainError `scim.invalid_cursor`, `scim.expired_cursor`, `scim.invalid_count` */
  open(
    place: ScimPlace,
    cursor: string,
    asked: Pick<Bookmark, 'search' | 'count'>,
  ): Pick<Bookmark, 'total' | 'list' | 'from'> {
    const [until, search, count, total, list, from] = this.#unsealed(place, cursor);
    if (search !== digestOf(asked.search))
      throw new DomainError('scim.invalid_cursor', 'the cursor belongs to another search');
    if (until <= this.#clock.now().getTime())
      throw new DomainError('scim.expired_cursor', `a cursor is good for ${CURSOR_TIMEOUT_S} s`);
    if (count !== asked.count)
      throw new DomainError('scim.invalid_count', 'count stays as it was in the first request');
    if (from === null) return { total, list, from };
    const [key, createdAt, id] = from;
    return { total, list, from: { key, createdAt, id } };
  }

  #unsealed(place: ScimPlace, cursor: string): Sealed {
    try {
      if (cursor.length > MAX_LENGTH) throw new TypeError('too long');
      const opened = this.#sealer.open(Buffer.from(cursor, 'base64url'), placeOf(place));
      // Nobody else can have sealed it.
      return JSON.parse(Buffer.from(opened).toString('utf8')) as Sealed;
    } catch (cause) {
      throw new DomainError('scim.invalid_cursor', 'the cursor is none of this connection', {
        cause,
      });
    }
  }
}

type Sealed = readonly [
  until: number,
  search: string,
  count: number,
  total: number,
  list: number,
  from: readonly [key: string | null, createdAt: string, id: ResourceId | GroupId] | null,
];
