import type { Transactions } from '../kernel/tx.js';
import type { TopicGate } from '../platform/kafka/topic-gate.js';
import { pause } from '../platform/time/pause.js';
import type { CoalescingPublisher } from './coalescing-publisher.js';
import type { OutboxMetrics } from './outbox-metrics.js';
import { findUnsent } from './postgres/find-unsent.js';

export interface SweeperParts {
  /** This process's name as a writer of watermarks. */
  readonly writer: string;
  readonly transactions: Transactions;
  readonly publisher: CoalescingPublisher;
  readonly gate: TopicGate;
  readonly metrics: OutboxMetrics;
}

/** A direct send takes milliseconds; what is unmarked after this was left behind by a crash, a drop or a refusal. */
const OLDER_THAN_MS = 1_000;
const EVERY_MS = 500;
const BATCH = 1_000;

/**
 * Finds what was committed and not sent, and has it sent. It looks only at partitions whose chain this process
 * writes: one replica sweeps each, and it is the one that waits for these records. Two that do it at once send
 * twice, which does no harm.
 */
export class Sweeper {
  readonly #parts: SweeperParts;

  constructor(parts: SweeperParts) {
    this.#parts = parts;
  }

  async run(stop: AbortSignal): Promise<void> {
    while (await this.#parts.gate.opened(stop)) {
      if (this.#parts.publisher.hasRoom) await this.sweep();
      await pause(EVERY_MS, stop);
    }
  }

  async sweep(): Promise<void> {
    const { transactions, publisher, metrics, writer } = this.#parts;
    const unsent = await transactions.read('background', (tx) =>
      findUnsent(tx, writer, { olderThanMs: OLDER_THAN_MS, limit: BATCH }),
    );
    metrics.recordsSwept.inc(unsent.length);
    publisher.resend(unsent);
  }
}
