import { MAX_PART_RECORDS } from '../../contract/snapshot.js';
import type { Transactions, Tx } from '../../kernel/tx.js';
import { positionText, readPosition } from '../domain/feed-position.js';
import {
  recordsBetween,
  recordsSince,
  type After,
  type FeedPage,
} from '../postgres/find-feed-records.js';
import { lookAtFeed, type Sight } from '../postgres/look-at-feed.js';
import { windowS } from '../window.js';
import { FeedParts, type PartsOf } from './feed-parts.js';
import { Turns } from './turns.js';

export interface SnapshotParts extends PartsOf {
  readonly transactions: Transactions;
}

export interface Snapshot {
  readonly position: string;
  /** Its text, in pieces of bounded size; read from the database as it is taken. */
  readonly text: AsyncIterable<string>;
}

/** Pages that are read at once: followers that come together take turns, and nothing else waits for them. */
const AT_ONCE = 2;

/** The window's records for whoever begins to follow. The position comes first: what is committed meanwhile is there twice. */
export class Snapshots {
  readonly #parts: SnapshotParts;
  readonly #turns = new Turns(AT_ONCE);

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
  }

  /**
   * @param known the position of a snapshot that the caller has
   * @returns null when there has been no record since then
   */
  async take(known: string | null): Promise<Snapshot | null> {
    const sight = await this.#read(lookAtFeed);
    const before = known === null ? null : readPosition(known);
    if (before?.epoch === sight.epoch) {
      const way = { from: before.snapshot, to: sight.snapshot };
      const news = await this.#read((tx) => recordsBetween(tx, way, null, 1));
      if (news.digests.length === 0) return null;
    }
    return { position: positionText(sight), text: this.#write(sight) };
  }

  async *#write(sight: Sight): AsyncGenerator<string> {
    // Older records can refuse no living token.
    const since = new Date(sight.t.getTime() - windowS(sight.foreignLifeS) * 1_000);
    const parts = new FeedParts(this.#parts, { from: null, since, to: sight });
    let next: Promise<FeedPage> | null = this.#page(since, null);
    while (next !== null) {
      const page: FeedPage = await next;
      // The next page is read while this one is on its way.
      next = page.after === null ? null : this.#page(since, page.after);
      // Who leaves before it has come does not hear of it.
      next?.catch(() => undefined);
      yield parts.write(page);
    }
  }

  #page(since: Date, after: After | null): Promise<FeedPage> {
    return this.#read((tx) => recordsSince(tx, since, after, MAX_PART_RECORDS));
  }

  #read<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#turns.run(() => this.#parts.transactions.read('background', work));
  }
}
