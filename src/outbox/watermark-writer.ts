import type { Hash, Sign } from '../contract/crypto-types.js';
import { signedHeaders } from '../contract/signed-message.js';
import { MAX_WATERMARK_BYTES, watermarkKey } from '../contract/watermark.js';
import type { Clock } from '../kernel/clock.js';
import type { Transactions } from '../kernel/tx.js';
import type { TopicGate } from '../platform/kafka/topic-gate.js';
import type { TopicProducer } from '../platform/kafka/topic-producer.js';
import type { Log } from '../platform/log/log.js';
import { Backoff } from '../platform/loop/backoff.js';
import { pause } from '../platform/time/pause.js';
import { cutIntoParts, follow, readLink, type Said } from './domain/watermarks.js';
import type { OutboxMetrics } from './outbox-metrics.js';
import { advanceHead } from './postgres/advance-head.js';
import {
  acknowledgeHead,
  keepHead,
  readHead,
  releaseHead,
  takeHead,
  type Head,
  type OwnHead,
  type Writer,
} from './postgres/heads.js';
import { readClock } from './postgres/read-clock.js';
import { readQueue, readQueued, type Queued } from './postgres/read-queue.js';
import { listRevokedKids } from './postgres/revoked-kids.js';

export interface WatermarkParts {
  readonly topic: string;
  readonly partition: number;
  readonly writer: Writer;
  readonly transactions: Transactions;
  readonly producer: TopicProducer;
  readonly gate: TopicGate;
  /** Whether this process gets its records through; if not, it gives the chain away while it waits for them. */
  readonly publisher: { readonly isFlowing: boolean };
  readonly sign: Sign;
  readonly hash: Hash;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: OutboxMetrics;
  /** Hears that the database has an older head than one that this process has seen in it. */
  readonly onForgotten: (why: string) => void;
  /** The most that one message may hold. */
  readonly maxBytes?: number;
  /** From one round to the next, milliseconds. */
  readonly everyMs?: number;
  /** How it waits for the next round. Time is on the clock by default. */
  readonly rest?: (ms: number, stop: AbortSignal) => Promise<void>;
}

/** From one round to the next, milliseconds. */
const EVERY_MS = 1_000;
/** How often it looks whether what it waits for has been settled, milliseconds: first and at most. */
const FIRST_LOOK_MS = 5;
const SLOWEST_LOOK_MS = 250;
/** Records that one look asks for. */
const LOOK_AT = 2_000;

/** What was in the queue when the clock had shown `t0`. */
interface Seen {
  readonly t0: Date;
  readonly queue: readonly Queued[];
  readonly kids: readonly string[];
}

/**
 * Writes the chain of one partition: "these records, and with them everything acknowledged before T, precede me".
 * The head in PostgreSQL is the chain; the topic only repeats it. Any process may follow the head up, one at a
 * time does, and whoever begins sends the stored head once more, so that a link is never missing on the topic.
 */
export class WatermarkWriter {
  readonly #parts: WatermarkParts;
  #furthest = -1;

  constructor(parts: WatermarkParts) {
    this.#parts = parts;
  }

  async run(stop: AbortSignal): Promise<void> {
    const { transactions, partition, writer, gate, onForgotten } = this.#parts;
    while (await gate.opened(stop)) {
      const head = await transactions.read('background', (tx) => takeHead(tx, partition, writer));
      if (head !== null) {
        if (head.seq < this.#furthest) {
          onForgotten(`partition ${partition}: watermark ${this.#furthest} was there, and is not`);
          return;
        }
        await this.#reign(head, stop);
      }
      await pause(writer.leaseMs / 4, stop);
    }
    // Nobody has to wait for our lease to run out.
    await transactions.read('background', (tx) => releaseHead(tx, partition, writer));
  }

  /** Follows the head up until somebody else does or it is told to stop. */
  async #reign(begin: OwnHead, stop: AbortSignal): Promise<void> {
    const { clock, metrics, log, partition, everyMs = EVERY_MS, rest = pause } = this.#parts;
    if (!(await this.#send(begin, stop))) return;
    let head: OwnHead | null = begin;
    while (head !== null && !stop.aborted) {
      const startedMs = clock.monotonicMs();
      head = await this.#round(head, stop);
      if (head !== null) await rest(Math.max(0, startedMs + everyMs - clock.monotonicMs()), stop);
    }
    if (stop.aborted) return;
    metrics.headsLost.inc();
    log.info('another writer follows this chain up', { partition });
    await this.#resendStored(stop);
  }

  /**
   * One round: look at clock and queue, wait until exactly those records are settled, list them.
   *
   * @returns the new head; null when the chain is somebody else's now
   */
  async #round(head: OwnHead, stop: AbortSignal): Promise<OwnHead | null> {
    const seen = await this.#look();
    const before = readLink(head).t;
    // The primary's clock went back: nothing true can be said before it has caught up.
    if (seen.t0.toISOString() <= before) return head;
    const settled = await this.#settled(head, seen.queue, stop);
    if (settled === null || stop.aborted) return settled === null ? null : head;
    const covers = seen.queue.map(({ digest }) => digest);
    const maxBytes = this.#parts.maxBytes ?? MAX_WATERMARK_BYTES;
    const parts = cutIntoParts(covers, settled.toRepair, { kids: seen.kids, maxBytes });
    let last = head;
    for (const [i, part] of parts.entries()) {
      const more = i < parts.length - 1;
      const t = more ? before : seen.t0.toISOString();
      const next = await this.#advance(last, { ...part, kids: seen.kids, more, t });
      if (next === null) return null;
      last = next;
      if (!(await this.#send(last, stop))) return last;
    }
    this.#parts.metrics.watermarkTime.set({ partition: head.partition }, seen.t0.getTime() / 1_000);
    return last;
  }

  /**
   * First the clock, then, in a statement of its own, the queue: a commit that was acknowledged before t0 is
   * visible to a statement that starts after t0. One statement would take its snapshot before it reads its clock.
   */
  #look(): Promise<Seen> {
    return this.#parts.transactions.read('background', async (tx) => {
      const t0 = await readClock(tx);
      const [queue, kids] = await Promise.all([
        readQueue(tx, this.#parts.partition),
        listRevokedKids(tx),
      ]);
      return { t0, queue, kids };
    });
  }

  /**
   * Waits until each of the records is acknowledged or set aside. Later ones do not hold it up.
   *
   * @returns which of them the topic cannot carry; null when the chain is somebody else's now
   */
  async #settled(
    head: OwnHead,
    queue: readonly Queued[],
    stop: AbortSignal,
  ): Promise<{ readonly toRepair: ReadonlySet<string> } | null> {
    const { transactions, writer, publisher } = this.#parts;
    const toRepair = new Set<string>();
    const note = (records: readonly Queued[]): string[] => {
      for (const { digest, isAcked, isSetAside } of records)
        if (isSetAside && !isAcked) toRepair.add(digest);
      return records
        .filter(({ isAcked, isSetAside }) => !isAcked && !isSetAside)
        .map(({ digest }) => digest);
    };
    let open = note(queue);
    for (let ms = FIRST_LOOK_MS; open.length > 0 && !stop.aborted; ms *= 2) {
      await pause(Math.min(ms, SLOWEST_LOOK_MS), stop);
      // All of them must be settled, so the first ones tell how far it is: a long queue is not read again each time.
      const [first, rest] = [open.slice(0, LOOK_AT), open.slice(LOOK_AT)];
      const isOurs = await transactions.read('background', async (tx) => {
        const left = note(await readQueued(tx, first));
        if (left.length === 0) ms = FIRST_LOOK_MS;
        open = [...left, ...rest];
        return !publisher.isFlowing || (await keepHead(tx, head, writer));
      });
      if (!isOurs) return null;
    }
    return { toRepair };
  }

  async #advance(head: OwnHead, said: Said): Promise<OwnHead | null> {
    const { transactions, writer, hash } = this.#parts;
    const next = follow(head, said, hash);
    // One statement is a transaction: BEGIN and COMMIT would be two trips more.
    const isOurs = await transactions.read('background', (tx) =>
      advanceHead(tx, { head, next, covers: said.covers, repair: said.repair, writer }),
    );
    // From here it is the head. If we die before it is sent, whoever begins next sends it.
    return isOurs ? { ...next, term: head.term } : null;
  }

  /**
   * Sends the head until the broker has acknowledged it; nothing follows it up before that.
   *
   * @returns false when it was told to stop
   */
  async #send(head: Head, stop: AbortSignal): Promise<boolean> {
    const { transactions, log, gate } = this.#parts;
    this.#furthest = Math.max(this.#furthest, head.seq);
    const backoff = new Backoff(50, 1_000);
    for (let attempt = 1; await gate.opened(stop); attempt += 1) {
      try {
        await this.#produce(head);
      } catch (error) {
        if (attempt === 1)
          log.warn('a watermark is not acknowledged; sending again', {
            partition: head.partition,
            seq: head.seq,
            error,
          });
        gate.doubt();
        await pause(backoff.next(), stop);
        continue;
      }
      await transactions.read('background', (tx) => acknowledgeHead(tx, head));
      return true;
    }
    return false;
  }

  /** Whoever took over sends the stored head first, but may have died before it did. A repeat does no harm. */
  async #resendStored(stop: AbortSignal): Promise<void> {
    const { transactions, partition, gate } = this.#parts;
    const stored = await transactions.read('background', (tx) => readHead(tx, partition));
    if (stored !== null && (await gate.opened(stop))) await this.#produce(stored);
  }

  async #produce({ partition, value }: Head): Promise<void> {
    const { topic, producer, sign } = this.#parts;
    const headers = signedHeaders('watermark', value, sign);
    await producer.send(topic, [{ partition, key: watermarkKey(partition), value, headers }]);
  }
}
