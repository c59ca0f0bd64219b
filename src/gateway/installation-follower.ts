import type { Jwks, Lease } from '../contract/lease.js';
import type { Scope } from '../contract/revocation-record.js';
import type { Clock } from '../kernel/clock.js';
import { digestOf } from './crypto/digest.js';
import { PublicKeys } from './crypto/public-keys.js';
import type { Report } from './report.js';
import type { Follower } from './sources/source.js';
import { authenticate, type Authentic, type Received } from './view/authenticate.js';
import type { Trouble } from './view/chain.js';
import type { Freshness } from './view/freshness.js';
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
}

/** Lets into the view what the installation's record keys vouch for. */
export class InstallationFollower implements Follower {
  readonly view: View;
  readonly #parts: FollowerParts;
  #recordKeys: PublicKeys;

  constructor(parts: FollowerParts) {
    const { lease } = parts;
    this.#parts = parts;
    this.#recordKeys = new PublicKeys(lease.record_keys);
    const settings = {
      installation: lease.installation,
      topic: lease.kafka.topics.revocations,
      partitions: lease.partitions,
      windowMs: lease.window_s * 1000,
      stalenessMs: lease.staleness_ms,
      skewMs: lease.max_clock_skew_ms,
    };
    this.view = new View(settings, lease.epoch);
  }

  /** What a later lease of the same installation says. */
  learn(recordKeys: Jwks, epoch: number): void {
    this.#recordKeys = new PublicKeys(recordKeys, this.#recordKeys);
    this.view.raiseEpoch(epoch);
  }

  restart(partition: number, soughtMs: number): void {
    this.view.restart(partition, soughtMs);
  }

  receive(partition: number, messages: readonly Received[]): void {
    const { report, onApplied } = this.#parts;
    const { verify } = this.#recordKeys;
    const { authentic, refused } = authenticate(messages, { verify, digest: digestOf });
    const { applied, alarms } = this.view.accept(partition, authentic, this.#now());
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

  positions(): readonly Position[] {
    return this.view.positions(this.#now());
  }

  freshness(): Freshness {
    return this.view.freshness(this.#now());
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
