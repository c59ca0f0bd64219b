import type { Jwks, Lease, Policy } from '../../src/contract/lease.js';
import { readRecord, readWatermark } from '../../src/contract/read.js';
import type { Sign } from '../../src/contract/crypto-types.js';
import { recordBytes } from '../../src/contract/revocation-record.js';
import { signedHeaders } from '../../src/contract/signed-message.js';
import type { IsSignedBy } from '../../src/gateway/crypto/public-keys.js';
import { TokenKeys } from '../../src/gateway/token/token-keys.js';
import { Unit } from '../../src/gateway/unit.js';
import type { FeedFollower, Transport } from '../../src/gateway/sources/source.js';
import type { Received } from '../../src/gateway/view/authenticate.js';
import type { Verdict } from '../../src/gateway/verdict.js';
import { Clock } from '../../src/kernel/clock.js';
import { newId } from '../../src/kernel/ids.js';
import type { Word } from '../../src/gateway/guard.js';
import { follow } from '../../src/outbox/domain/watermarks.js';
import { sha256 } from '../../src/platform/crypto/sha256.js';
import { RecordKeys } from '../../src/platform/crypto/key-ring.js';
import { generatePrivateJwks } from '../../src/platform/crypto/private-jwks.js';
import { digestOf, type MemoryTopic, type Stored } from '../../test/support/outbox-world.js';
import { Dice } from './dice.js';
import type { Link } from './history.js';
import { PARTITIONS } from './stage.js';

export const STALENESS_MS = 10_000;
export const SKEW_MS = 1_000;

/** Nobody's: what it signs is forged. */
const FORGER = new RecordKeys(generatePrivateJwks());

/** A gateway's own clocks beside the true time. */
class GatewayClock extends Clock {
  offMs: number;
  #sleptMs = 0;
  readonly #trueMs: () => number;

  constructor(trueMs: () => number, offMs: number) {
    super();
    this.#trueMs = trueMs;
    this.offMs = offMs;
  }

  override now(): Date {
    return new Date(this.#trueMs() + this.offMs);
  }

  override monotonicMs(): number {
    return this.#trueMs() - this.#sleptMs;
  }

  sleep(ms: number): void {
    this.#sleptMs += ms;
  }
}

/** Hands the follower over instead of following by itself: the trial decides what arrives, and when. */
class HandedOver implements Transport {
  follower: FeedFollower | null = null;

  async follow(_: unknown, follower: FeedFollower, stop: AbortSignal): Promise<void> {
    this.follower = follower;
    await new Promise<void>((resolve) => {
      stop.addEventListener('abort', () => {
        resolve();
      });
    });
  }

  sendReceipt(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const NEVER = (): never => {
  throw new Error('no gateway of a trial asks for keys');
};

export type Terms = Omit<Lease, 'id' | 'lease_until' | 'jwks_url'>;

export interface GatewayParts {
  readonly name: string;
  readonly policy: Policy;
  readonly offMs: number;
  readonly topic: MemoryTopic;
  /** What a lease says now. */
  readonly terms: () => Terms;
  /** Whose signatures a gateway takes to be a thief's once its lease has told it; null when there is none. */
  readonly stolen: () => RecordKeys | null;
  /** The record as the service hands it out over HTTP, signed by the key that signs now. */
  readonly fetched: (record: Stored) => Pick<Stored, 'value' | 'headers'>;
  readonly jwks: Jwks;
  readonly trueMs: () => number;
  readonly isSignedBy: IsSignedBy;
  /** Cases of which it has said that it has applied them. */
  readonly onConfirmed: (cases: readonly string[]) => void;
}

/** A gateway of the library, from one start to its end, and what lies between it and the topic. */
export class TrialGateway {
  readonly policy: Policy;
  readonly name: string;
  link: Link = 'prompt';
  readonly clock: GatewayClock;
  readonly #parts: GatewayParts;
  readonly #unit: Unit;
  readonly #follower: FeedFollower;
  readonly #at = Array.from({ length: PARTITIONS }, () => 0);
  readonly #confirmedSeq = Array.from({ length: PARTITIONS }, () => 0);
  readonly #withheld = new Set<Stored>();
  #toWithhold = 0;
  #thief: RecordKeys | null = null;

  constructor(parts: GatewayParts) {
    const { policy, name, terms, jwks, trueMs, offMs } = parts;
    this.policy = policy;
    this.name = name;
    this.#parts = parts;
    this.clock = new GatewayClock(trueMs, offMs);
    const transport = new HandedOver();
    const keys = new TokenKeys({
      fetch: NEVER,
      clock: this.clock,
      onFailure: () => undefined,
      onChange: () => undefined,
    });
    keys.restore(jwks);
    const lease = { ...terms(), id: newId<string>(), lease_until: '', jwks_url: '' };
    this.#thief = parts.stolen();
    this.#unit = new Unit({
      lease,
      transport,
      keys,
      policy,
      clock: this.clock,
      report: () => undefined,
      onApplied: (digests) => {
        this.#confirm(digests);
      },
      onRevoked: () => undefined,
      isSignedBy: parts.isSignedBy,
    });
    if (transport.follower === null) throw new Error('the unit follows nothing');
    this.#follower = transport.follower;
    for (let partition = 0; partition < PARTITIONS; partition += 1) this.#readAgain(partition);
  }

  check(token: string): Verdict {
    return this.#unit.guard.check(token);
  }

  checkWith(word: Word, token: string): Verdict {
    return this.#unit.guard.checkWith(word, token);
  }

  /** Whether it is fresh by a word that is younger than this: by the one that was said just now. */
  hasWordOf(ms: number): boolean {
    const freshness = this.#unit.follower.freshness();
    return freshness.state === 'fresh' && freshness.ageMs < ms + SKEW_MS;
  }

  /** How far its clock is off beyond what the promise allows. */
  get clockOffMs(): number {
    return Math.max(0, Math.abs(this.clock.offMs) - SKEW_MS);
  }

  /** It renews its lease. */
  renew(): void {
    const { terms, stolen } = this.#parts;
    const { record_keys: keys, epoch } = terms();
    this.#unit.follower.learn(keys, epoch);
    this.#thief = stolen();
  }

  /** What lies ready, as a consumer fetches it; `most` of each partition. */
  deliver(most = Infinity): void {
    this.renew();
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const ready = this.#log(partition).slice(this.#at[partition]);
      const some = ready.slice(0, Math.min(most, ready.length));
      this.#at[partition] = (this.#at[partition] ?? 0) + some.length;
      const isAll = some.length === ready.length;
      this.#receive(partition, this.#kept(some), !isAll);
      if (isAll) this.#follower.reachedEnd(partition);
    }
    this.#confirmPositions();
  }

  /** Some of the last messages once more. */
  repeat(back: number, most: number): void {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const at = this.#at[partition] ?? 0;
      this.#receive(
        partition,
        this.#kept(
          this.#log(partition)
            .slice(Math.max(0, at - back), at)
            .slice(0, most),
        ),
      );
    }
  }

  /** What lies ready, in any order. */
  shuffle(seed: number): void {
    const dice = new Dice(seed);
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const log = this.#log(partition);
      const ready = log.slice(this.#at[partition]);
      this.#at[partition] = log.length;
      const mixed = ready.map((one) => [dice.next(), one] as const).sort(([a], [b]) => a - b);
      this.#receive(partition, this.#kept(mixed.map(([, one]) => one)));
    }
  }

  withhold(records: number): void {
    this.#toWithhold += records;
  }

  /** The broker gives out everything again. */
  withholdNothing(): void {
    this.#toWithhold = 0;
    this.#withheld.clear();
  }

  /** Signed by nobody whom we know, and with a value that its signature does not fit. */
  forge(organization: string, user: string): void {
    const record = {
      ...{
        v: 1 as const,
        org: organization,
        scope: 'user' as const,
        subject: user,
        generation: 99,
      },
      ...{ not_before: null, cause: 'scim' as const, case: newId<string>(), audit: 'x' },
      revoked_at: new Date(this.#parts.trueMs()).toISOString(),
    };
    const value = recordBytes(record);
    for (const { sign } of this.#thief === null ? [FORGER] : [FORGER, this.#thief]) {
      const messages = [
        { value, headers: signedHeaders('revocation', value, sign) },
        ...this.#falseWord(sign),
      ];
      this.#receive(0, messages.map(receivedOf));
    }
    const borrowed = this.#parts.topic.ofType('revocation')[0];
    if (borrowed !== undefined) this.#receive(0, [receivedOf({ ...borrowed, value })]);
  }

  /** "All that was acknowledged before now precedes me, and that is nothing." */
  #falseWord(sign: Sign): Pick<Stored, 'value' | 'headers'>[] {
    const last = this.#parts.topic.ofType('watermark', 0).at(-1);
    if (last === undefined) return [];
    const { seq, kids, epoch } = readWatermark(Buffer.from(last.value).toString('utf8'));
    const head = { partition: 0, seq, digest: digestOf(last.value), value: last.value };
    const t = new Date(this.#parts.trueMs()).toISOString();
    const said = { covers: [], repair: [], kids, more: false, t, epoch };
    const { value } = follow(head, said, sha256);
    return [{ value, headers: signedHeaders('watermark', value, sign) }];
  }

  /** What the source does when the view lacks something: reads again, and fetches single records over HTTP. */
  mend(): void {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const trouble = this.#follower.trouble(partition);
      if (trouble === 'gap' || trouble === 'missing' || trouble === 'young')
        this.#readAgain(partition);
    }
    for (const digest of this.#follower.lacking(16)) {
      const found = this.#parts.topic
        .ofType('revocation')
        .find(({ value }) => digestOf(value) === digest);
      if (found === undefined) continue;
      this.#follower.heal(receivedOf(this.#parts.fetched(found)), digest);
    }
    this.#confirmPositions();
  }

  stop(): Promise<void> {
    return this.#unit.stop();
  }

  #readAgain(partition: number): void {
    const log = this.#log(partition);
    this.#follower.restart(partition, -Infinity);
    this.#at[partition] = log.length;
    this.#receive(partition, this.#kept(log));
    this.#follower.reachedEnd(partition);
  }

  #log(partition: number): Stored[] {
    return this.#parts.topic.stored.filter((one) => one.partition === partition);
  }

  #kept(messages: readonly Stored[]): Received[] {
    for (const one of messages) {
      if (this.#toWithhold === 0 || one.headers['ofs-type'] !== 'revocation') continue;
      if (!this.#withheld.has(one)) this.#toWithhold -= 1;
      this.#withheld.add(one);
    }
    return messages.filter((one) => !this.#withheld.has(one)).map(receivedOf);
  }

  #receive(partition: number, messages: readonly Received[], isMoreComing = false): void {
    if (messages.length > 0) this.#follower.receive(partition, messages, isMoreComing);
    else if (!isMoreComing) this.#follower.settle(partition);
  }

  #confirm(digests: readonly string[]): void {
    const cases = this.#parts.topic
      .ofType('revocation')
      .filter(({ value }) => digests.includes(digestOf(value)))
      .map(({ value }) => readRecord(Buffer.from(value).toString('utf8')).case);
    this.#parts.onConfirmed(cases);
  }

  /** A position says as much as the digests that the watermarks up to it list. */
  #confirmPositions(): void {
    for (const { partition, seq } of this.#unit.follower.positions()) {
      if (seq <= (this.#confirmedSeq[partition] ?? 0)) continue;
      const before = this.#confirmedSeq[partition] ?? 0;
      this.#confirmedSeq[partition] = seq;
      const listed = this.#parts.topic
        .ofType('watermark', partition)
        .map(({ value }) => readWatermark(Buffer.from(value).toString('utf8')))
        .filter((one) => one.seq > before && one.seq <= seq)
        .flatMap(({ covers }) => covers);
      if (listed.length > 0) this.#confirm(listed);
    }
  }
}

function receivedOf({ value, headers }: Pick<Stored, 'value' | 'headers'>): Received {
  return {
    type: headers['ofs-type'] ?? '',
    kid: headers['ofs-kid'] ?? '',
    signature: Buffer.from(headers['ofs-sig'] ?? '', 'base64url'),
    value,
    text: Buffer.from(value).toString('utf8'),
  };
}
