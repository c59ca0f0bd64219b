import type { OrganizationId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import type { OutboxRecord } from './domain/outbox-record.js';
import type { ToldEvent } from './domain/told-event.js';

export abstract class Outbox {
  /**
   * Adds records to the outbox and to its queue. They exist if and only if `tx` commits; from then on they reach
   * the topic whatever happens to this process. The same record twice is one record.
   */
  abstract enqueue(tx: Tx, records: readonly OutboxRecord[]): Promise<void>;

  /**
   * Has others told on the events topic, at least once if and only if `tx` commits, behind what is there already.
   *
   * @param at when it happened; null for now, by the primary's clock
   */
  abstract tell(
    tx: Tx,
    organization: OrganizationId,
    told: { readonly at: Date | null; readonly events: readonly ToldEvent[] },
  ): Promise<void>;
}
