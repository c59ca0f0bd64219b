import type { Transactions } from '../kernel/tx.js';
import type { TopicGate } from '../platform/kafka/topic-gate.js';
import type { Metrics } from '../platform/metrics/metrics.js';
import { countUnconfirmed } from './postgres/count-unconfirmed.js';
import { countPendingEvents } from './postgres/pending-events.js';
import { readQueueState } from './postgres/read-queue-state.js';
import { PublisherHealth, type PublisherState } from './revocation-publisher.js';

export interface ObservedParts {
  readonly transactions: Transactions;
  readonly gate: TopicGate;
  readonly metrics: Metrics;
  readonly stalenessMs: number;
}

/** Asks the queue itself, so that every replica says the same about it. */
export class ObservedPublisher extends PublisherHealth {
  readonly #parts: ObservedParts;

  constructor(parts: ObservedParts) {
    super();
    this.#parts = parts;
    const { metrics, transactions, stalenessMs } = parts;
    metrics.observed(
      {
        name: 'outbox_oldest_age_seconds',
        help: 'Age of the oldest record that the broker has not acknowledged',
      },
      async () => (await this.state()).oldestUnackedMs / 1_000,
    );
    metrics.observed(
      {
        name: 'unconfirmed_gateways',
        help: 'Gateway processes that count and have not confirmed a watermark younger than S',
      },
      () => transactions.read('background', (tx) => countUnconfirmed(tx, stalenessMs)),
    );
    metrics.observed(
      {
        name: 'offswitch_events_pending',
        help: 'What happened to SCIM resources and to access and has not been told on the events topic yet',
      },
      () => transactions.read('background', countPendingEvents),
    );
  }

  override async state(): Promise<PublisherState> {
    const { transactions, gate } = this.#parts;
    const queue = await transactions.read('background', readQueueState);
    return { isTopicReady: gate.trouble === null, trouble: gate.trouble, ...queue };
  }
}
