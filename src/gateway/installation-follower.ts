import type { Jwks, Lease } from '../contract/lease.js';
import type { Scope } from '../contract/revocation-record.js';
import type { Clock } from '../kernel/clock.js';
import { digestOf, sha256 } from './crypto/digest.js';
import { PublicKeys, type IsSignedBy } from './crypto/public-keys.js';
import type { Report } from './report.js';
import type { FeedFollower, Taken } from './sources/source.js';
import { authenticate, type Authentic, type Before, type Received } from './view/authenticate.js';
import { Backlog } from './view/backlog.js';
import { readPart } from './view/read-part.js';
import type { Trouble } from './view/chain.js';
import type { Freshness } from './view/freshness.js';
import type { KeptView } from './view/kept-view.js';
import type { Now } from './view/now.js';
import { View, type Position } from './view/view.js';

export interface FollowerParts {
  readonly lease: Lease;
  readonly clock: Clock;
  readonly report: Report;
  /** Digests of records that have just been applied. */
  readonly onApplied: (digests: readonly string[]) => void;
  /** The view holds something more against a subject; told after it does. */
  readonly onRevoked: (scope: Scope, subject: string) => void;
  /** By what the record keys of a lease verify: node:crypto by default. */
  readonly isSignedBy?: IsSignedBy | undefined;
}

/** Lets into the view what the installation's record keys vouch for. */
export class InstallationFollower implements FeedFollower {
  readonly view: View;
  readonly #parts: FollowerParts;
  readonly #backlogs: readonly Backlog[];
  #recordKeys: PublicKeys;

  constructor(parts: FollowerParts) {
    const { lease } = parts;
    this.#parts = parts;
    this.#recordKeys = new PublicKeys(lease.record_keys, null, parts.isSignedBy);
    const settings = {
      installation: lease.installation,
      topic: lease.kafka.topics.revocations,
      partitions: lease.partitions,
      windowMs: lease.window_s * 1000,
      stalenessMs: lease.staleness_ms,
      skewMs: lease.max_clock_skew_ms,
    };
    this.view = new View(settings, lease.epoch);
    this.#backlogs = Array.from({ length: lease.partitions }, () => new Backlog());
  }

  /** What a later lease of the same installation says. */
  learn(recordKeys: Jwks, epoch: number): void {
    this.#recordKeys = new PublicKeys(recordKeys, this.#recordKeys, this.#parts.isSignedBy);
    this.view.raiseEpoch(epoch);
  }

  restart(partition: number, soughtMs: number): void {
    let isMoreWaiting = true;
    while (isMoreWaiting) isMoreWaiting = this.settle(partition);
    this.view.restart(partition, soughtMs);
  }

  receive(partition: number, messages: readonly Received[], isMoreComing = false): void {
    const demanded = new Set(isMoreComing ? this.view.lacking(Infinity) : []);
    this.#take(partition, messages, this.#backlogs[partition]?.before(isMoreComing, demanded));
  }

  settle(partition: number, waitedMs = 0): boolean {
    const backlog = this.#backlogs[partition];
    if (backlog?.hasWaited(waitedMs, this.#now()) !== true) return false;
    this.#take(partition, [], backlog.oldest());
    return backlog.hasWaited(waitedMs, this.#now());
  }

  #take(partition: number, messages: readonly Received[], before?: Before): void {
    const { report, onApplied } = this.#parts;
    const { verify } = this.#recordKeys;
    const now = this.#now();
    const taken = authenticate(messages, { verify, digest: digestOf }, before);
    if (before !== undefined) this.#backlogs[partition]?.keep(taken, before, now);
    const { authentic, refused, later } = taken;
    const { applied, alarms } = this.view.accept(partition, authentic, now);
    if (later > 0) this.#meetLater(partition);
    if (refused > 0) report({ kind: 'messages.refused', count: refused, partition });
    for (const alarm of alarms) report({ kind: 'view.alarm', alarm, partition });
    if (applied.length > 0) onApplied(applied);
    for (const message of authentic) this.#tell(message);
  }

  reachedEnd(partition: number): void {
    this.view.reachedEnd(partition);
  }

  trouble(partition: number): Trouble | null {
    return this.view.trouble(partition, this.#now());
  }

  get feedPosition(): string | null {
    return this.view.feedPosition;
  }

  restartFeed(): void {
    this.view.restartFeed();
  }

  takePart(records: readonly string[], message: Received): Taken {
    const { report, onApplied, lease } = this.#parts;
    const ours = { installation: lease.installation, topic: lease.kafka.topics.revocations };
    const read = readPart(
      { records, message, ours },
      { verify: this.#recordKeys.verify, hash: sha256 },
    );
    if ('refused' in read) {
      report({ kind: 'feed.refused', why: read.refused });
      if (read.refused === 'newer') this.view.meetLater(this.#now());
      return 'refused';
    }
    const { placed, applied } = this.view.takePart(read, read.records, this.#now());
    if (placed === 'gap' || placed === 'outdated') report({ kind: 'feed.refused', why: placed });
    if (applied.length > 0) onApplied(applied);
    for (const record of read.records) this.#tell(record);
    for (const kid of read.part.kids) this.#parts.onRevoked('kid', kid);
    return placed;
  }

  lacking(most: number): readonly string[] {
    return this.view.lacking(most);
  }

  heal(message: Received, digest: string): boolean {
    const { verify } = this.#recordKeys;
    const { authentic, later } = authenticate([message], { verify, digest: digestOf });
    if (later > 0) this.view.meetLater(this.#now());
    const [record] = authentic;
    if (record?.kind !== 'revocation' || record.digest !== digest) return false;
    this.view.heal(record, this.#now());
    this.#parts.onApplied([digest]);
    this.#tell(record);
    return true;
  }

  topicFreshness(): Freshness {
    return this.view.topicFreshness(this.#now());
  }

  positions(): readonly Position[] {
    return this.view.positions(this.#now());
  }

  keep(): KeptView | null {
    return this.view.keep(this.#now());
  }

  /** @returns false when it is another installation's */
  restore(kept: KeptView): boolean {
    return this.view.restore(kept, this.#now());
  }

  freshness(): Freshness {
    return this.view.freshness(this.#now());
  }

  #meetLater(partition: number): void {
    this.view.meetLater(this.#now());
    this.#parts.report({ kind: 'view.alarm', alarm: 'newer', partition });
  }

  #tell(message: Authentic): void {
    const { onRevoked } = this.#parts;
    if (message.kind === 'revocation') onRevoked(message.record.scope, message.record.subject);
    else for (const kid of message.watermark.kids) onRevoked('kid', kid);
  }

  #now(): Now {
    const { clock } = this.#parts;
    return { wallMs: clock.now().getTime(), monotonicMs: clock.monotonicMs() };
  }
}
