import type { Tx } from '../kernel/tx.js';
import type { OutboxRecord } from './domain/outbox-record.js';

export abstract class Outbox {
  /**
   * Adds records to the outbox and to its queue. They exist if and only if `tx` commits; from then on they reach
   * the topic whatever happens to this process. The same record twice is one record.
   */
  abstract enqueue(tx: Tx, records: readonly OutboxRecord[]): Promise<void>;
}
