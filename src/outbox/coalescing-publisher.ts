import type { Sign } from '../contract/crypto-types.js';
import { signedHeaders } from '../contract/signed-message.js';
import type { Clock } from '../kernel/clock.js';
import type { TopicGate } from '../platform/kafka/topic-gate.js';
import {
  MessagesRefused,
  type OutgoingMessage,
  type TopicProducer,
} from '../platform/kafka/topic-producer.js';
import { Backoff } from '../platform/loop/backoff.js';
import { WakeUp } from '../platform/loop/wake-up.js';
import type { WalkTimes } from '../platform/metrics/walk-times.js';
import { pause } from '../platform/time/pause.js';
import { AckMarks, type MarksParts } from './ack-marks.js';
import type { OutboxRecord } from './domain/outbox-record.js';
import { Backlog, type Waiting } from './domain/backlog.js';
import { restMs } from './domain/rest.js';
import type { OutboxMetrics } from './outbox-metrics.js';
import { RevocationPublisher } from './revocation-publisher.js';

export interface PublisherParts extends MarksParts {
  readonly topic: string;
  /** Sends what comes in order; one request at a time. */
  readonly producer: TopicProducer;
  /** Sends for partitions that failed, so that they hold nobody up. */
  readonly sideProducer: TopicProducer;
  readonly gate: TopicGate;
  readonly sign: Sign;
  /** Sets a record aside that the broker refuses for good. */
  readonly refused: (record: OutboxRecord, why: string) => Promise<void>;
  readonly clock: Clock;
  readonly metrics: OutboxMetrics;
  readonly times: WalkTimes;
}

/** Records in one request: signing them keeps the event loop for a few milliseconds at most. */
const BATCH = 100;
/** Records that wait in memory; the sweeper finds the others. */
const MOST_WAITING = 50_000;

/**
 * One request is in flight; all that arrives meanwhile goes into the next. Who leaves alone is sent at once; in a rush, and
 * when brokers are slow to answer, requests are spaced. A record is marked only after all in-sync replicas have it, so
 * whatever happens here, it is sent at least once.
 */
export class CoalescingPublisher extends RevocationPublisher {
  readonly #parts: PublisherParts;
  readonly #backlog: Backlog;
  readonly #marks: AckMarks;
  readonly #wakeUp = new WakeUp();
  readonly #idle: (() => void)[] = [];
  /** Partitions that failed; each is being sent by itself until it works again. */
  readonly #alone = new Map<number, Promise<void>>();
  #isFlowing = true;

  constructor(parts: PublisherParts, mostWaiting = MOST_WAITING) {
    super();
    this.#parts = parts;
    this.#backlog = new Backlog(mostWaiting);
    this.#marks = new AckMarks(parts, (digests) => {
      this.#forget(digests);
    });
  }

  override offer(records: readonly OutboxRecord[], committedAt: Date): void {
    const dropped = this.#backlog.add(records, committedAt);
    if (dropped > 0) this.#parts.metrics.offersDropped.inc(dropped);
    this.#wakeUp.ring();
  }

  /** Sends again what was found unsent; what is being sent already is left alone. */
  resend(records: readonly OutboxRecord[]): void {
    this.#backlog.add(records, null);
    this.#wakeUp.ring();
  }

  /** How many more it can send soon. */
  get room(): number {
    return this.#backlog.room;
  }

  /** False while sends fail: another process may have better luck. */
  get isFlowing(): boolean {
    return this.#isFlowing;
  }

  async run(stop: AbortSignal): Promise<void> {
    const marking = this.#marks.run(stop);
    while (await this.#parts.gate.opened(stop)) {
      const batch = this.#backlog.take(BATCH, (partition) => !this.#alone.has(partition));
      if (batch.length === 0) {
        await this.#wakeUp.wait(stop);
        continue;
      }
      const beganMs = this.#parts.clock.monotonicMs();
      await this.#sendTogether(batch, stop);
      const tookMs = this.#parts.clock.monotonicMs() - beganMs;
      if (batch.length < BATCH) await pause(restMs(batch.length, tookMs), stop);
    }
    await Promise.all([marking, ...this.#alone.values()]);
  }

  /** Resolves when everything offered so far is sent and marked, after `ms`, or when the caller has had enough. */
  async drained(ms: number, enough?: AbortSignal): Promise<void> {
    if (this.#backlog.known === 0 || this.#parts.gate.trouble !== null) return;
    const late = new AbortController();
    const leave = (): void => {
      late.abort();
    };
    enough?.addEventListener('abort', leave);
    const idle = new Promise<void>((resolve) => this.#idle.push(resolve));
    await Promise.race([idle, pause(ms, late.signal)]);
    enough?.removeEventListener('abort', leave);
    leave();
  }

  /** Sends nothing more. */
  async close(): Promise<void> {
    await Promise.all([this.#parts.producer.close(), this.#parts.sideProducer.close()]);
  }

  async #sendTogether(batch: readonly Waiting[], stop: AbortSignal): Promise<void> {
    try {
      await this.#send(this.#parts.producer, batch);
    } catch (error) {
      // Which partition it was is not known: each goes on by itself, and comes back when it works.
      this.#failed(error);
      for (const [partition, group] of groupByPartition(batch))
        this.#alone.set(partition, this.#sendAlone(partition, group, stop));
    }
  }

  async #sendAlone(partition: number, group: readonly Waiting[], stop: AbortSignal): Promise<void> {
    const backoff = new Backoff(50, 1_000);
    while (!stop.aborted) {
      try {
        await this.#sendOrHalve(group);
        break;
      } catch (error) {
        this.#failed(error);
        await pause(backoff.next(), stop);
        await this.#parts.gate.opened(stop);
      }
    }
    this.#alone.delete(partition);
    this.#wakeUp.ring();
  }

  /** A refused batch is halved until the record that is refused stands alone. */
  async #sendOrHalve(group: readonly Waiting[]): Promise<void> {
    try {
      await this.#send(this.#parts.sideProducer, group);
    } catch (error) {
      if (!(error instanceof MessagesRefused)) throw error;
      const [only, ...others] = group;
      if (only !== undefined && others.length === 0) return this.#refuse(only, error);
      const middle = Math.ceil(group.length / 2);
      await this.#sendOrHalve(group.slice(0, middle));
      await this.#sendOrHalve(group.slice(middle));
    }
  }

  async #send(producer: TopicProducer, group: readonly Waiting[]): Promise<void> {
    const { topic, clock, times } = this.#parts;
    const offsets = await producer.send(
      topic,
      group.map(({ record }) => this.#message(record)),
    );
    const ackedAt = clock.now();
    this.#isFlowing = true;
    for (const { committedAt } of group)
      if (committedAt !== null) times.acknowledged(committedAt, ackedAt);
    // From here the broker has them. If we die before this is written down, they are sent again.
    this.#marks.add(
      group.map(({ record, committedAt }, i) => ({
        digest: record.digest,
        partition: record.partition,
        offset: offsets[i] ?? -1,
        ackedAt,
        committedAt,
      })),
    );
  }

  #message({ partition, key, value }: OutboxRecord): OutgoingMessage {
    const headers = signedHeaders('revocation', value, this.#parts.sign);
    return { partition, key, value, headers };
  }

  /** The sweeper offers it again, and after some tries it is set aside: it never stands in another's way. */
  async #refuse({ record }: Waiting, error: MessagesRefused): Promise<void> {
    const { log, refused } = this.#parts;
    log.error('the broker refuses a record', { digest: record.digest, case: record.case, error });
    try {
      await refused(record, error.message);
    } catch (failure) {
      log.warn('a refused record could not be set aside yet', { error: failure });
    }
    this.#forget([record.digest]);
  }

  #failed(error: unknown): void {
    const { log, metrics, gate } = this.#parts;
    metrics.sendsFailed.inc();
    // A refusal is an answer: the way to the broker is free.
    if (error instanceof MessagesRefused) return;
    if (this.#isFlowing) log.warn('records are not acknowledged; sending again', { error });
    this.#isFlowing = false;
    gate.doubt();
  }

  #forget(digests: readonly string[]): void {
    this.#backlog.forget(digests);
    if (this.#backlog.known > 0) return;
    for (const tell of this.#idle.splice(0)) tell();
  }
}

function groupByPartition(batch: readonly Waiting[]): ReadonlyMap<number, Waiting[]> {
  const groups = new Map<number, Waiting[]>();
  for (const waiting of batch) {
    const group = groups.get(waiting.record.partition);
    if (group === undefined) groups.set(waiting.record.partition, [waiting]);
    else group.push(waiting);
  }
  return groups;
}
