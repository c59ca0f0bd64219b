import type { Clock } from '../kernel/clock.js';
import type { OrganizationId } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import type { OutboxRecord, RevocationPublisher } from '../outbox/index.js';
import { Turns, type Haste } from './turns.js';

/** What a transaction leaves behind: its answer, and the records that it committed. */
export interface Committed<T> {
  readonly outcome: T;
  readonly records: readonly OutboxRecord[];
}

export interface CommitParts {
  readonly transactions: Transactions;
  readonly publisher: RevocationPublisher;
  readonly clock: Clock;
  /** As many as the lane has connections: who waits for one waits here, where organizations take turns. */
  readonly atOnce: number;
}

/** Runs each change as one transaction of its own, in its turn, and offers what it committed to the publisher. */
export class Commits {
  readonly #parts: CommitParts;
  readonly #turns: Turns;

  constructor(parts: CommitParts) {
    this.#parts = parts;
    this.#turns = new Turns(parts.atOnce);
  }

  async run<T>(
    { organization }: { readonly organization: OrganizationId },
    work: (tx: Tx) => Promise<Committed<T>>,
    haste: Haste = 'leaver',
  ): Promise<T> {
    const { transactions, publisher, clock } = this.#parts;
    const { outcome, records } = await this.#turns.run(organization, haste, () =>
      transactions.run('deprovision', work),
    );
    // From here the revocation is durable. If we die before the broker answers, the records stay queued and a
    // sweeper sends them; gateways merge by maximum, so a repeat does nothing.
    if (records.length > 0) publisher.offer(records, clock.now());
    return outcome;
  }
}
