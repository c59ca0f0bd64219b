import type { GenerationScope } from '../../contract/revocation-record.js';
import type { SnapshotPart } from '../../contract/snapshot.js';
import type { Watermark } from '../../contract/watermark.js';
import type { Authentic } from './authenticate.js';
import { Chain, type Trouble } from './chain.js';
import { FeedPlace, type Placed } from './feed-place.js';
import { fresherOf, type Freshness } from './freshness.js';
import { Generations } from './generations.js';
import { Restored, type KeptView } from './kept-view.js';
import { earlier, NEVER, type Now } from './now.js';
import type { Subject } from './subject.js';
import type { ViewSettings } from './view-settings.js';

const FORGET_EACH_MS = 60_000;
/** How far back what a snapshot brings is told again in receipts: a service that was away for a while. */
const RETOLD_MS = 600_000;

/** What somebody should look at. `newer`: a message of a later version of the format. `foreign`: a watermark that is not of this topic, partition or installation. */
export type ViewAlarm = 'newer' | 'foreign' | 'conflict' | 'outdated' | 'future' | 'repair';

export interface Accepted {
  /** Digests of the records that were applied just now; empty while the log is read for the first time. */
  readonly applied: readonly string[];
  readonly alarms: readonly ViewAlarm[];
}

/** What the guard asks of a view. */
export interface ReadableView {
  least(scope: GenerationScope, subject: Subject): number;
  /** Unix seconds: what a foreign issuer signed for this subject then or earlier is refused; 0 when not known. */
  notBefore(org: string, subject: string): number;
  isKidRevoked(kid: string): boolean;
  freshness(now: Now): Freshness;
}

export interface Position {
  readonly partition: number;
  readonly seq: number;
  readonly t: string;
}

/**
 * A gateway's memory of generations, and how much it may be trusted. Pure: messages and clock readings come in,
 * nothing goes out. What is merged stays merged, whatever happens to a chain.
 */
export class View implements ReadableView {
  readonly settings: ViewSettings;
  readonly #generations = new Generations();
  readonly #chains: readonly Chain[];
  readonly #feed: FeedPlace;
  readonly #restored = new Restored();
  /** Partitions that have been read to the end of the log since their last restart. */
  readonly #readToEnd = new Set<number>();
  #epoch: number;
  #isLoaded = false;
  /** What all partitions have reached, while nothing is wrong with any of them; null when that must be looked at. */
  #steadySince: Now | null = null;
  #forgottenMs = -Infinity;
  /** When a message came that we cannot read and must believe; null when none can matter any more. */
  #unreadMs: number | null = null;

  /** `epoch` is the smallest one whose watermarks keep the view fresh. */
  constructor(settings: ViewSettings, epoch: number) {
    this.settings = settings;
    this.#epoch = epoch;
    const { windowMs, stalenessMs, skewMs, partitions } = settings;
    this.#feed = new FeedPlace({ windowMs, skewMs });
    this.#chains = Array.from(
      { length: partitions },
      () => new Chain({ startAgeMs: windowMs + stalenessMs, skewMs }),
    );
  }

  /** The partition is about to be read from `soughtMs` on (unix ms by the broker; -Infinity: all there ever was). */
  restart(partition: number, soughtMs: number): void {
    this.#steadySince = null;
    this.#chain(partition).restart(soughtMs);
    this.#readToEnd.delete(partition);
  }

  /** The partition has been read to what was the end of its log. */
  reachedEnd(partition: number): void {
    this.#readToEnd.add(partition);
  }

  /** A lease or a watermark told of an epoch: what older ones say keeps nothing fresh. */
  raiseEpoch(epoch: number): void {
    this.#steadySince = null;
    this.#epoch = Math.max(this.#epoch, epoch);
  }

  /** Applies messages that {@link authenticate} has let through, in the order of the partition. */
  accept(partition: number, messages: readonly Authentic[], now: Now): Accepted {
    this.#steadySince = null;
    const chain = this.#chain(partition);
    const applied: string[] = [];
    const alarms = new Set<ViewAlarm>();
    for (const message of messages) {
      if (message.kind === 'revocation') {
        this.#generations.apply(message.record);
        chain.applied(message.digest, Date.parse(message.record.revoked_at), now);
        applied.push(message.digest);
      } else {
        const alarm = this.#link(partition, message.watermark, message.digest, now);
        if (alarm !== null) alarms.add(alarm);
      }
    }
    this.#forget();
    this.#followed(now); // notices when the view is loaded, also when nobody asks just then
    return { applied: this.#readToEnd.has(partition) ? applied : [], alarms: [...alarms] };
  }

  /** Our keys vouch for a message that is of a later version: nobody knows what it revokes until the window is over. */
  meetLater(now: Now): void {
    this.#steadySince = null;
    this.#unreadMs = now.wallMs;
  }

  /** The feed is read anew from {@link feedPosition}, or from a snapshot. */
  restartFeed(): void {
    this.#feed.restart();
  }

  get feedPosition(): string | null {
    return this.#feed.reached?.position ?? null;
  }

  /**
   * Applies records that a part of the feed vouches for, and goes where it leads. They are true wherever they stand,
   * also when the part leads nowhere.
   */
  takePart(
    { part, digest }: { readonly part: SnapshotPart; readonly digest: string },
    records: readonly Extract<Authentic, { kind: 'revocation' }>[],
    now: Now,
  ): { readonly placed: Placed; readonly applied: readonly string[] } {
    this.#steadySince = null;
    for (const { record, digest: name } of records) {
      this.#generations.apply(record);
      for (const chain of this.#chains) chain.heal(name, now);
    }
    this.#generations.addKids(part.kids);
    const outcome = this.#feed.place(part, digest, now);
    const placed = part.epoch < this.#epoch ? 'outdated' : outcome;
    this.raiseEpoch(part.epoch);
    if (placed === 'reached') {
      const { t, epoch } = part;
      for (const head of part.heads) this.#chains[head.partition]?.mendAt(head, { t, epoch }, now);
    }
    this.#forget();
    this.#followed(now);
    // A snapshot is mostly the past; what of it may be news since the last word is told.
    const sinceMs = part.from === null ? Date.parse(part.t) - RETOLD_MS : -Infinity;
    const applied = records.filter(({ record }) => Date.parse(record.revoked_at) >= sinceMs);
    return { placed, applied: applied.map((one) => one.digest) };
  }

  /** A single record that came another way than over the topic. */
  heal({ record, digest }: Extract<Authentic, { kind: 'revocation' }>, now: Now): void {
    this.#steadySince = null;
    this.#generations.apply(record);
    for (const chain of this.#chains) chain.heal(digest, now);
  }

  /** Listed records that have not come, some of them. */
  lacking(most: number): readonly string[] {
    return this.#chains.flatMap((chain) => chain.missing(most)).slice(0, most);
  }

  #link(partition: number, watermark: Watermark, digest: string, now: Now): ViewAlarm | null {
    const { installation, topic, partitions } = this.settings;
    // A smaller count is the past: what it says of this partition stays true. A larger one means that there is more to
    // follow than we do, and nothing under it keeps us fresh.
    const isOurs =
      watermark.installation === installation &&
      watermark.topic === topic &&
      watermark.partition === partition &&
      watermark.partitions <= partitions;
    if (!isOurs) return 'foreign';
    this.#generations.addKids(watermark.kids);
    const chain = this.#chain(partition);
    const wasFuture = chain.isFuture;
    const outcome = chain.link(watermark, digest, now);
    this.raiseEpoch(chain.epoch);
    if (outcome === 'conflict' || outcome === 'outdated') return outcome;
    if (chain.isFuture && !wasFuture) return 'future';
    return outcome === 'linked' && watermark.repair.length > 0 ? 'repair' : null;
  }

  /** Time here is the primary's, so that a gateway's own clock can make nothing leave too early. */
  #forget(): void {
    const { reached } = this.#feed;
    const feedMs = reached === null || reached.isFuture ? -Infinity : reached.at.wallMs;
    const behind = Math.max(feedMs, Math.min(...this.#chains.map(({ tMs }) => tMs)));
    const beforeMs = behind - this.settings.windowMs;
    if (beforeMs === -Infinity || beforeMs < this.#forgottenMs + FORGET_EACH_MS) return;
    this.#forgottenMs = beforeMs;
    if (this.#unreadMs !== null && this.#unreadMs < beforeMs) this.#unreadMs = null;
    this.#generations.forget(beforeMs);
    for (const chain of this.#chains) chain.forget(beforeMs);
  }

  least(scope: GenerationScope, subject: Subject): number {
    return this.#generations.least(scope, subject);
  }

  /** Unix seconds: foreign tokens of this subject issued then or earlier are refused; 0 when not known. */
  notBefore(org: string, subject: string): number {
    return this.#generations.notBefore(org, subject);
  }

  isKidRevoked(kid: string): boolean {
    return this.#generations.isKidRevoked(kid);
  }

  /** What a later process may begin with; null when it would learn nothing from it. */
  keep(now: Now): KeptView | null {
    const { installation, topic, skewMs } = this.settings;
    const unreadMs = this.#unreadMs;
    const readable = this.#readable(now);
    const isFresh = readable.state === 'fresh';
    // That there was something unread is kept at once, also when nothing proves how far the rest goes.
    if (!isFresh && unreadMs === null) return null;
    const tMs = isFresh ? now.wallMs - readable.ageMs + skewMs : 0;
    const entries = this.#generations.entries();
    return { installation, topic, epoch: this.#epoch, tMs, unreadMs, entries };
  }

  /** Begins with what a process before this one knew. @returns false when it is of another installation */
  restore({ installation, topic, epoch, tMs, unreadMs, entries }: KeptView, now: Now): boolean {
    const { settings } = this;
    if (installation !== settings.installation || topic !== settings.topic) return false;
    for (const entry of entries) this.#generations.restore(entry);
    this.raiseEpoch(epoch);
    if (unreadMs !== null) this.#unreadMs = Math.max(unreadMs, this.#unreadMs ?? unreadMs);
    this.#restored.begin(tMs, now, settings.skewMs);
    return true;
  }

  freshness(now: Now): Freshness {
    return this.#restored.orYounger(this.#followed(now), (since) => this.#ageMs(since, now));
  }

  #followed(now: Now): Freshness {
    return this.#unreadMs === null ? this.#readable(now) : { state: 'unusable' };
  }

  /** As if there had been nothing that we cannot read. */
  #readable(now: Now): Freshness {
    const { stalenessMs } = this.settings;
    const ageMs = (since: Now): number => this.#ageMs(since, now);
    const feed = this.#feed.freshness({ epoch: this.#epoch, stalenessMs, ageMs });
    return feed?.state === 'fresh' ? feed : fresherOf(feed, this.topicFreshness(now));
  }

  /** As far as the topic alone has brought it. */
  topicFreshness(now: Now): Freshness {
    if (this.#steadySince === null) return this.#assess(now);
    const ageMs = this.#ageMs(this.#steadySince, now);
    return ageMs <= this.settings.stalenessMs
      ? { state: 'fresh', ageMs }
      : { state: 'stale', ageMs, why: 'old' };
  }

  /** Looks at every chain. When all is well, only time can change that until the next message. */
  #assess(now: Now): Freshness {
    let reachedAt: Now = { wallMs: Infinity, monotonicMs: Infinity };
    let [isReady, isComplete, isFuture, isInEpoch] = [true, true, false, true];
    for (const chain of this.#chains) {
      reachedAt = earlier(reachedAt, chain.reachedAt ?? NEVER);
      isReady = chain.isReady(now) && isReady;
      isComplete = isComplete && chain.isComplete;
      isFuture = isFuture || chain.isFuture;
      isInEpoch = isInEpoch && chain.epoch >= this.#epoch;
    }
    const ageMs = this.#ageMs(reachedAt, now);
    const isYoung = ageMs <= this.settings.stalenessMs && !isFuture;
    if (isReady && (this.#readToEnd.size === this.#chains.length || isYoung)) this.#isLoaded = true;
    if (!this.#isLoaded) return { state: 'unloaded' };
    if (isFuture) return { state: 'unusable' };
    if (!isReady) return { state: 'stale', ageMs, why: 'catching-up' };
    if (!isComplete) return { state: 'stale', ageMs, why: 'incomplete' };
    if (!isInEpoch) return { state: 'stale', ageMs, why: 'epoch' };
    this.#steadySince = reachedAt;
    return isYoung ? { state: 'fresh', ageMs } : { state: 'stale', ageMs, why: 'old' };
  }

  #ageMs(since: Now, now: Now): number {
    const byWall = now.wallMs - since.wallMs;
    return Math.max(byWall, now.monotonicMs - since.monotonicMs) + this.settings.skewMs;
  }

  trouble(partition: number, now: Now): Trouble | null {
    return this.#chain(partition).trouble(now);
  }

  /** For receipts: how far each partition is complete. */
  positions(now: Now): readonly Position[] {
    const { reached } = this.#feed;
    return this.#chains.flatMap((chain, partition) => {
      const position = chain.isReady(now) ? chain.position : null;
      // What the feed has reached contains everything that the watermarks up to its heads cover.
      const head = reached?.heads.find((one) => one.partition === partition);
      if (reached !== null && head !== undefined && (position === null || reached.t > position.t))
        return [{ partition, seq: Math.max(head.seq, position?.seq ?? 0), t: reached.t }];
      return position === null ? [] : [{ partition, ...position }];
    });
  }

  /** Digests of listed records that the topic cannot carry. */
  get toRepair(): readonly string[] {
    return this.#chains.flatMap(({ toRepair }) => toRepair);
  }

  /** How many subjects are remembered. */
  get size(): number {
    return this.#generations.size;
  }

  /** @throws RangeError for a partition that the installation does not have */
  #chain(partition: number): Chain {
    const chain = this.#chains[partition];
    if (chain === undefined) throw new RangeError(`the topic has no partition ${partition}`);
    return chain;
  }
}
