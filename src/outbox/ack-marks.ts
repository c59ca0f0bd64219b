import type { Transactions } from '../kernel/tx.js';
import { Backoff } from '../platform/loop/backoff.js';
import { WakeUp } from '../platform/loop/wake-up.js';
import type { Log } from '../platform/log/log.js';
import { pause } from '../platform/time/pause.js';
import { markAcked, type RecordAck } from './postgres/mark-acked.js';

/** Marks in one statement. */
const BATCH = 1_000;
/** From one statement to the next: the first is written at once, and the next has all that came meanwhile. */
const APART_MS = 50;
/** More than this waits only while PostgreSQL is away; then records are sent twice instead of remembered. */
const MOST_WAITING = 100_000;

export interface MarksParts {
  readonly transactions: Transactions;
  readonly log: Log;
  /** From one statement to the next, milliseconds. */
  readonly marksApartMs?: number;
}

/**
 * Writes down what the broker has acknowledged. Who leaves alone is marked at once; when more do, statements are spaced.
 * If we die before one has run, the record stays unmarked and is sent again, which does no harm.
 */
export class AckMarks {
  readonly #transactions: Transactions;
  readonly #log: Log;
  readonly #wakeUp = new WakeUp();
  readonly #settled: (digests: readonly string[]) => void;
  readonly #apartMs: number;
  #waiting: RecordAck[] = [];

  /** @param settled hears of records that need no memory any more: marked, or left to the sweeper */
  constructor(
    { transactions, log, marksApartMs = APART_MS }: MarksParts,
    settled: (digests: readonly string[]) => void,
  ) {
    this.#transactions = transactions;
    this.#log = log;
    this.#apartMs = marksApartMs;
    this.#settled = settled;
  }

  add(acks: readonly RecordAck[]): void {
    if (this.#waiting.length + acks.length > MOST_WAITING) this.#settle(acks);
    else this.#waiting.push(...acks);
    this.#wakeUp.ring();
  }

  async run(stop: AbortSignal): Promise<void> {
    const backoff = new Backoff(50, 2_000);
    while (!stop.aborted) {
      const batch = this.#waiting.slice(0, BATCH);
      if (batch.length === 0) {
        await this.#wakeUp.wait(stop);
        continue;
      }
      try {
        await this.#transactions.read('background', (tx) => markAcked(tx, batch));
      } catch (error) {
        this.#log.warn('acknowledgements could not be written down yet', { error });
        await pause(backoff.next(), stop);
        continue;
      }
      backoff.reset();
      this.#waiting = this.#waiting.slice(batch.length);
      this.#settle(batch);
      if (batch.length < BATCH) await pause(this.#apartMs, stop);
    }
  }

  #settle(acks: readonly RecordAck[]): void {
    this.#settled(acks.map(({ digest }) => digest));
  }
}
