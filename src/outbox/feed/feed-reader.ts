import { COMMENT } from '../../contract/feed-events.js';
import { MAX_PART_RECORDS } from '../../contract/snapshot.js';
import type { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { GatewayId } from '../../kernel/ids.js';
import type { Transactions } from '../../kernel/tx.js';
import type { Log } from '../../platform/log/log.js';
import { Backoff } from '../../platform/loop/backoff.js';
import { WakeUp } from '../../platform/loop/wake-up.js';
import { pause } from '../../platform/time/pause.js';
import { positionText, readPosition } from '../domain/feed-position.js';
import { recordsBetween, type After, type FeedPage } from '../postgres/find-feed-records.js';
import { livingGateways } from '../postgres/gateways.js';
import { lookAtFeed, type Sight } from '../postgres/look-at-feed.js';
import { FeedParts, type PartsOf } from './feed-parts.js';
import { RecentRounds } from './recent-rounds.js';
import { Turns } from './turns.js';

/** Somebody who reads the feed as it is written. */
export interface FeedFollower {
  readonly gateway: GatewayId;
  /** Takes what was written; never waits. False: it cannot keep up, or is gone. */
  send(bytes: Buffer): boolean;
  /** Nothing more comes. */
  end(): void;
}

export interface FeedReaderParts extends PartsOf {
  readonly transactions: Transactions;
  readonly clock: Clock;
  readonly log: Log;
  readonly onCut: () => void;
}

/** A look at the database when nobody has rung: what another replica has committed is found so late at most. */
const LOOK_MS = 100;
/** A statement without news, and a comment while the database is away. */
const EACH_MS = 1_000;
const LIVING_MS = 5_000;
/** Whoever is further behind than this takes a snapshot, which is made for many records. */
const MOST_TO_CATCH_UP = 20_000;
/** Catching up asks the database once for each who does; together they do not crowd anybody out. */
const CATCHING_UP_AT_ONCE = 2;
const MOST_FOLLOWERS = 5_000;

/**
 * Reads the feed once for all followers of this process. What it has read is one moment of the database after the
 * other, so it needs neither a lease nor a place to remember, and any replica goes on where another one was.
 */
export class FeedReader {
  readonly #parts: FeedReaderParts;
  readonly #followers = new Set<FeedFollower>();
  readonly #recent = new RecentRounds();
  readonly #catchingUp = new Turns(CATCHING_UP_AT_ONCE);
  readonly #wakeUp = new WakeUp();
  #current: Sight | null = null;
  #writtenAtMs = -Infinity;
  /** Those who are catching up: the feed goes on for them. */
  #joining = 0;
  #isEnded = false;

  constructor(parts: FeedReaderParts) {
    this.#parts = parts;
  }

  get followers(): number {
    return this.#followers.size;
  }

  /** Something may have been committed. */
  ring(): void {
    this.#wakeUp.ring();
  }

  /**
   * Sends everything behind `position`, and from then on what comes.
   *
   * @throws DomainError `feed.position_unknown` when one cannot go on from there; `feed.full`; `store.unavailable`
   */
  async follow(position: string, follower: FeedFollower): Promise<void> {
    const { epoch, snapshot: from } = readPosition(position) ?? unknownPosition();
    if (this.#isEnded) throw new DomainError('service.draining');
    if (this.#followers.size + this.#joining >= MOST_FOLLOWERS) throw new DomainError('feed.full');
    this.#joining += 1;
    try {
      await this.#catchUp({ position, epoch, from }, follower);
    } finally {
      this.#joining -= 1;
    }
  }

  async #catchUp(
    { position, epoch, from }: { position: string; epoch: number; from: string },
    follower: FeedFollower,
  ): Promise<void> {
    const current = this.#current ?? (await this.#begin());
    if (epoch !== current.epoch) return unknownPosition();
    if (!this.#recent.reaches(position, positionText(current))) {
      const text = await this.#catchingUp.run(() => this.#wayBetween(position, from, current));
      this.#join(positionText(current), follower, Buffer.from(text));
    } else this.#join(position, follower, null);
  }

  leave(follower: FeedFollower): void {
    this.#followers.delete(follower);
  }

  /** Ends every stream: a shutdown waits for nobody who only listens. */
  end(): void {
    this.#isEnded = true;
    for (const follower of this.#followers) follower.end();
    this.#followers.clear();
  }

  async run(stop: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    const timer = setInterval(() => {
      this.#wakeUp.ring();
    }, LOOK_MS);
    const backoff = new Backoff(100, 1_000);
    let askedAtMs = clock.monotonicMs();
    try {
      while (!stop.aborted) {
        await this.#wakeUp.wait(stop);
        if (this.#followers.size + this.#joining === 0) this.#rest();
        else
          try {
            await this.#round();
            if (clock.monotonicMs() - askedAtMs >= LIVING_MS) {
              askedAtMs = clock.monotonicMs();
              await this.#dismissDeleted();
            }
            backoff.reset();
          } catch (error) {
            log.warn('the feed could not be read; trying again', { error });
            if (clock.monotonicMs() - this.#writtenAtMs >= EACH_MS) this.#sendToAll(SILENCE);
            await pause(backoff.next(), stop);
          }
      }
    } finally {
      clearInterval(timer);
    }
  }

  /** Nobody listens: the next one to come begins anew. */
  #rest(): void {
    this.#current = null;
    this.#recent.clear();
  }

  async #begin(): Promise<Sight> {
    const sight = await this.#parts.transactions.read('background', lookAtFeed);
    return (this.#current ??= sight);
  }

  async #round(): Promise<void> {
    const { transactions, clock } = this.#parts;
    const before = this.#current ?? (await this.#begin());
    const sight = await transactions.read('background', lookAtFeed);
    if (sight.epoch !== before.epoch) {
      // Another past: everybody begins again with a snapshot.
      for (const follower of this.#followers) follower.end();
      this.#followers.clear();
      this.#rest();
      return;
    }
    const parts = this.#partsFrom(positionText(before), sight);
    let page = await this.#page(before.snapshot, sight.snapshot, null);
    const isDue = clock.monotonicMs() - this.#writtenAtMs >= EACH_MS;
    if (page.digests.length === 0 && !isDue) return;
    const pieces: Buffer[] = [Buffer.from(parts.write(page))];
    while (page.after !== null) {
      page = await this.#page(before.snapshot, sight.snapshot, page.after);
      pieces.push(Buffer.from(parts.write(page)));
    }
    const bytes = Buffer.concat(pieces);
    this.#current = sight;
    this.#recent.add({ from: positionText(before), to: positionText(sight), bytes });
    this.#writtenAtMs = clock.monotonicMs();
    this.#sendToAll(bytes);
  }

  #partsFrom(from: string, to: Sight): FeedParts {
    return new FeedParts(this.#parts, { from, since: null, to });
  }

  #page(from: string, to: string, after: After | null) {
    return this.#parts.transactions.read('background', (tx) =>
      recordsBetween(tx, { from, to }, after, MAX_PART_RECORDS),
    );
  }

  /** @throws DomainError `feed.position_unknown` when it would be too much */
  async #wayBetween(position: string, from: string, to: Sight): Promise<string> {
    const parts = this.#partsFrom(position, to);
    let [text, sent] = ['', 0];
    let after: After | null = null;
    do {
      const page: FeedPage = await this.#page(from, to.snapshot, after);
      after = page.after;
      sent += page.digests.length;
      if (sent > MOST_TO_CATCH_UP) return unknownPosition();
      text += parts.write(page);
    } while (after !== null);
    return text;
  }

  /** From here on nothing waits: no round comes between what is sent now and what is sent to all. */
  #join(position: string, follower: FeedFollower, first: Buffer | null): void {
    if (this.#isEnded) throw new DomainError('service.draining');
    const current = this.#current;
    // Everybody else had left, or it took too long: it comes again.
    if (current === null || !this.#recent.reaches(position, positionText(current)))
      throw new DomainError('store.unavailable', 'the feed went on too fast');
    const rounds = this.#recent.after(position);
    this.#followers.add(follower);
    for (const bytes of first === null ? rounds : [first, ...rounds])
      if (!this.#sendTo(follower, bytes)) return;
  }

  #sendToAll(bytes: Buffer): void {
    for (const follower of this.#followers) this.#sendTo(follower, bytes);
  }

  #sendTo(follower: FeedFollower, bytes: Buffer): boolean {
    if (follower.send(bytes)) return true;
    this.#followers.delete(follower);
    follower.end();
    this.#parts.onCut();
    return false;
  }

  async #dismissDeleted(): Promise<void> {
    const ids = [...new Set([...this.#followers].map(({ gateway }) => gateway))];
    const living = await this.#parts.transactions.read('background', (tx) =>
      livingGateways(tx, ids),
    );
    for (const follower of this.#followers) {
      if (living.has(follower.gateway)) continue;
      this.#followers.delete(follower);
      follower.end();
    }
  }
}

const SILENCE = Buffer.from(COMMENT);

function unknownPosition(): never {
  throw new DomainError('feed.position_unknown', 'begin with a snapshot');
}
