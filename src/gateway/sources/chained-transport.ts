import type { Clock } from '../../kernel/clock.js';
import { pause } from '../pause.js';
import type { SignedReceipt } from '../receipts/receipts.js';
import type { Report } from '../report.js';
import { repairMissing, type RecordSource } from './repair.js';
import type { FeedFollower, Followed, Transport } from './source.js';

export interface ChainedTransportParts {
  readonly kafka: Transport;
  readonly http: Transport & RecordSource;
  readonly clock: Clock;
  readonly report: Report;
  /** False: only records that Kafka lacks come over HTTP, and the view goes stale with Kafka. */
  readonly standsIn?: boolean;
  /** How long a receipt waits for the broker alone, milliseconds; 500 by default. */
  readonly promptMs?: number;
}

const LOOK_MS = 100;
/** Of S: a topic that is older than this may not be back in time. */
const OLD = 0.6;
/** Kafka must have been good for so long before it is relied on alone. */
const SOUND_MS = 5_000;
/** Brokers answer in milliseconds, and a case is told that it is enforced in a second. */
const PROMPT_MS = 500;

/**
 * Kafka first; over HTTP comes what it lacks, and everything while it is away. Both tell the same view, which is
 * fresh when either says so: neither has to know when the other one begins or ends.
 */
export class ChainedTransport implements Transport {
  readonly #parts: ChainedTransportParts;
  #isStandingIn = false;
  /** A receipt whose broker has not answered yet. */
  #overKafka: Promise<void> | null = null;

  constructor(parts: ChainedTransportParts) {
    this.#parts = parts;
  }

  async follow(followed: Followed, follower: FeedFollower, stop: AbortSignal): Promise<void> {
    const { kafka, http, report, standsIn = true } = this.#parts;
    await Promise.all([
      kafka.follow(followed, follower, stop),
      repairMissing(http, follower, { stop, report }),
      ...(standsIn ? [this.#standIn(followed, follower, stop)] : []),
    ]);
  }

  /** Somebody may wait for it: a broker that does not answer at once is not waited for. Saying it twice does no harm. */
  async sendReceipt(topic: string, receipt: SignedReceipt): Promise<void> {
    const { http, promptMs = PROMPT_MS } = this.#parts;
    if (this.#isStandingIn || this.#overKafka !== null) {
      try {
        await http.sendReceipt(topic, receipt);
      } catch {
        await (this.#overKafka ?? this.#sendOverKafka(topic, receipt));
      }
      return;
    }
    const sent = this.#sendOverKafka(topic, receipt);
    if (await isDoneWithin(sent, promptMs)) return;
    await Promise.any([sent, http.sendReceipt(topic, receipt)]);
  }

  /** One at a time: while a broker keeps silent the next receipts go another way. */
  #sendOverKafka(topic: string, receipt: SignedReceipt): Promise<void> {
    const sending = this.#parts.kafka.sendReceipt(topic, receipt).finally(() => {
      this.#overKafka = null;
    });
    // Whoever wants to know awaits it too.
    sending.catch(() => undefined);
    this.#overKafka = sending;
    return sending;
  }

  async close(): Promise<void> {
    await Promise.all([this.#parts.kafka.close(), this.#parts.http.close()]);
  }

  async #standIn(followed: Followed, follower: FeedFollower, stop: AbortSignal): Promise<void> {
    const { clock, report } = this.#parts;
    let soundSinceMs: number | null = null;
    let current: { readonly leave: AbortController; readonly ended: Promise<void> } | null = null;
    while (!stop.aborted) {
      const isSound = isSoundTopic(follower, followed);
      soundSinceMs = isSound ? (soundSinceMs ?? clock.monotonicMs()) : null;
      if (!isSound && current === null) {
        current = this.#begin(followed, follower, stop);
        report({ kind: 'source.stands-in', isStandingIn: true });
      }
      if (soundSinceMs !== null && clock.monotonicMs() - soundSinceMs >= SOUND_MS && current) {
        current.leave.abort();
        await current.ended;
        current = null;
        report({ kind: 'source.stands-in', isStandingIn: false });
      }
      this.#isStandingIn = current !== null;
      await pause(LOOK_MS, stop);
    }
    await current?.ended;
  }

  #begin(followed: Followed, follower: FeedFollower, stop: AbortSignal) {
    const leave = new AbortController();
    const signal = AbortSignal.any([stop, leave.signal]);
    return { leave, ended: this.#parts.http.follow(followed, follower, signal) };
  }
}

/** False when it has failed, or is late. */
async function isDoneWithin(deed: Promise<void>, ms: number): Promise<boolean> {
  const over = new AbortController();
  const late = pause(ms, over.signal).then(() => false);
  const done = deed.then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    over.abort();
  }
}

function isSoundTopic(follower: FeedFollower, { stalenessMs }: Followed): boolean {
  const freshness = follower.topicFreshness();
  return freshness.state === 'fresh' && freshness.ageMs <= OLD * stalenessMs;
}
