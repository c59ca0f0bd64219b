import type { Tx } from '../kernel/tx.js';
import type { Origin } from './domain/change.js';
import type { ResourceEvent } from './domain/plan.js';
import { insertEvents } from './postgres/insert-events.js';

/** What others are told of resources beside the changes themselves, which the heart tells. */
export abstract class ResourceEvents {
  /** They are told if and only if `tx` commits, behind what is there already. */
  abstract tell(tx: Tx, origin: Origin, events: readonly ResourceEvent[]): Promise<void>;
}

export class QueuedResourceEvents extends ResourceEvents {
  override async tell(tx: Tx, origin: Origin, events: readonly ResourceEvent[]): Promise<void> {
    if (events.length > 0) await insertEvents(tx, origin, events);
  }
}
