import type { Rosters } from '../deprovision/index.js';
import type { Transactions } from '../kernel/tx.js';
import { PROBE_MS, within } from '../kernel/within.js';
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
  /** Organizations whose roster a recovery has demanded and nobody has confirmed. */
  readonly rosters_demanded: number | null;
}

/** Older than this, what waits for the broker is an operator's business. */
const LATE_MS = 5_000;

/** Whether this process can do its work. */
export class Health {
  readonly #transactions: Transactions;
  readonly #publisher: PublisherHealth;
  readonly #rosters: Rosters;

  constructor(transactions: Transactions, publisher: PublisherHealth, rosters: Rosters) {
    this.#transactions = transactions;
    this.#publisher = publisher;
    this.#rosters = rosters;
  }

  async report(): Promise<HealthReport> {
    try {
      return await within(PROBE_MS, this.#look());
    } catch {
      return {
        status: 'down',
        postgres: 'down',
        migrations: 'unknown',
        audit: 'unknown',
        publisher: null,
        rosters_demanded: null,
      };
    }
  }

  async #look(): Promise<HealthReport> {
    // The lane of those who leave: whoever takes us out of service keeps them from leaving.
    const [schema, privileged, demanded] = await this.#transactions.read(
      'deprovision',
      async (tx) => {
        const state = await schemaState(tx);
        // Another schema may not have what is asked for.
        const rosters = state.kind === 'current' ? await this.#rosters.countOpen(tx) : null;
        return [state, await privilegedState(tx), rosters] as const;
      },
    );
    const publisher = await this.#publisherReport();
    const isDegraded =
      demanded !== 0 ||
      publisher?.topics !== 'ready' ||
      publisher.oldest_unacked_ms > LATE_MS ||
      publisher.set_aside > 0;
    return {
      status: schema.kind !== 'current' ? 'down' : isDegraded ? 'degraded' : 'up',
      postgres: 'up',
      migrations: schema.kind,
      audit: privileged.hardened ? 'hardened' : 'not_hardened',
      publisher,
      rosters_demanded: demanded,
    };
  }

  /** Null when the queue could not be asked: its lane is busy, and revocations go on all the same. */
  async #publisherReport(): Promise<HealthReport['publisher']> {
    try {
      const state = await this.#publisher.state();
      return {
        topics: state.isTopicReady ? 'ready' : 'not_ready',
        unacked: state.unacked,
        oldest_unacked_ms: state.oldestUnackedMs,
        set_aside: state.setAside,
      };
    } catch {
      return null;
    }
  }
}
