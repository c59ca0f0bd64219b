import type { Transactions } from '../kernel/tx.js';
import type { TopicGate } from '../platform/kafka/topic-gate.js';
import { pause } from '../platform/time/pause.js';
import type { CoalescingPublisher } from './coalescing-publisher.js';
import type { OutboxMetrics } from './outbox-metrics.js';
import { takeUnsent } from './postgres/take-unsent.js';

export interface SweeperParts {
  readonly transactions: Transactions;
  readonly publisher: CoalescingPublisher;
  readonly gate: TopicGate;
  readonly metrics: OutboxMetrics;
}

/** A direct send takes milliseconds; what is unmarked after this was left behind by a crash, a drop or a refusal. */
const OLDER_THAN_MS = 1_000;
/** What a sweeper has taken and not sent within this is free again. Well within S: a watermark waits for it. */
const HOLD_MS = 3_000;
const EVERY_MS = 500;
/** Records that one sweep takes unless it is told to take fewer. */
const AT_ONCE = 1_000;
/** While the publisher still has enough to do. */
const WHILE_BUSY_MS = 50;

/**
 * Finds what was committed and not sent, and has it sent. All replicas share it: each takes some for a while, a few from
 * every organization, and no more than it can send soon. What is sent twice all the same does no harm.
 */
export class Sweeper {
  readonly #parts: SweeperParts;

  constructor(parts: SweeperParts) {
    this.#parts = parts;
  }

  async run(stop: AbortSignal): Promise<void> {
    while (await this.#parts.gate.opened(stop)) {
      const { room, isFlowing } = this.#parts.publisher;
      // A replica that does not get its records through leaves the others to those that do.
      const wanted = isFlowing ? room : 0;
      const found = wanted > 0 ? await this.sweep(wanted) : 0;
      await pause(found < wanted || !isFlowing ? EVERY_MS : WHILE_BUSY_MS, stop);
    }
  }

  /** @returns how many it found */
  async sweep(limit = AT_ONCE): Promise<number> {
    const { transactions, publisher, metrics } = this.#parts;
    const unsent = await transactions.run('background', (tx) =>
      takeUnsent(tx, { olderThanMs: OLDER_THAN_MS, holdMs: HOLD_MS, limit }),
    );
    metrics.recordsSwept.inc(unsent.length);
    publisher.resend(unsent);
    return unsent.length;
  }
}
