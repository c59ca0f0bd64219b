import type { Tx } from '../kernel/tx.js';
import type { Outbox, ToldEvent } from '../outbox/index.js';
import type { Origin } from './domain/change.js';

/** An event about a resource, and the transaction that it tells of. */
export type ResourceEvent = Pick<
  ToldEvent,
  'id' | 'subject' | 'resource' | 'txn' | 'type' | 'events'
>;

/** What others are told of resources beside the changes themselves, which the heart tells. */
export abstract class ResourceEvents {
  /** They are told if and only if `tx` commits, behind what is there already. */
  abstract tell(tx: Tx, origin: Origin, events: readonly ResourceEvent[]): Promise<void>;
}

export class QueuedResourceEvents extends ResourceEvents {
  readonly #outbox: Outbox;

  constructor(outbox: Outbox) {
    super();
    this.#outbox = outbox;
  }

  override async tell(
    tx: Tx,
    { organization, connection }: Origin,
    events: readonly ResourceEvent[],
  ): Promise<void> {
    await this.#outbox.tell(tx, organization, {
      at: null,
      events: events.map((event) => ({ ...event, connection, identifier: null })),
    });
  }
}
