import type { Transactions } from '../kernel/tx.js';
import type { PublisherHealth } from '../outbox/index.js';
import { privilegedState } from '../platform/postgres/privileged-state.js';
import { schemaState } from '../platform/postgres/schema-state.js';

export interface HealthReport {
  /** `degraded` serves: Kafka's absence is never the reason why an IdP's request fails (P6). */
  readonly status: 'up' | 'degraded' | 'down';
  readonly postgres: 'up' | 'down';
  readonly migrations: 'current' | 'behind' | 'newer' | 'unknown';
  readonly audit: 'hardened' | 'not_hardened' | 'unknown';
  readonly publisher: {
    readonly topics: 'ready' | 'not_ready';
    readonly unacked: number;
    readonly oldest_unacked_ms: number;
    readonly set_aside: number;
  } | null;
}

/** Older than this, what waits for the broker is an operator's business. */
const LATE_MS = 5_000;

/** Whether this process can do its work. */
export class Health {
  readonly #transactions: Transactions;
  readonly #publisher: PublisherHealth;

  constructor(transactions: Transactions, publisher: PublisherHealth) {
    this.#transactions = transactions;
    this.#publisher = publisher;
  }

  async report(): Promise<HealthReport> {
    try {
      const [schema, privileged] = await this.#transactions.read('service', async (tx) => [
        await schemaState(tx),
        await privilegedState(tx),
      ]);
      const state = await this.#publisher.state();
      const late = !state.isTopicReady || state.oldestUnackedMs > LATE_MS || state.setAside > 0;
      return {
        status: schema.kind !== 'current' ? 'down' : late ? 'degraded' : 'up',
        postgres: 'up',
        migrations: schema.kind,
        audit: privileged.hardened ? 'hardened' : 'not_hardened',
        publisher: {
          topics: state.isTopicReady ? 'ready' : 'not_ready',
          unacked: state.unacked,
          oldest_unacked_ms: state.oldestUnackedMs,
          set_aside: state.setAside,
        },
      };
    } catch {
      return {
        status: 'down',
        postgres: 'down',
        migrations: 'unknown',
        audit: 'unknown',
        publisher: null,
      };
    }
  }
}
