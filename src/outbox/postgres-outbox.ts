import type { OrganizationId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import type { OutboxRecord } from './domain/outbox-record.js';
import type { ToldEvent } from './domain/told-event.js';
import { Outbox } from './outbox.js';
import { enqueueRecords } from './postgres/enqueue-records.js';
import { insertEvents } from './postgres/insert-events.js';

export class PostgresOutbox extends Outbox {
  override async enqueue(tx: Tx, records: readonly OutboxRecord[]): Promise<void> {
    if (records.length > 0) await enqueueRecords(tx, records);
  }

  override async tell(
    tx: Tx,
    organization: OrganizationId,
    told: { readonly at: Date | null; readonly events: readonly ToldEvent[] },
  ): Promise<void> {
    if (told.events.length > 0) await insertEvents(tx, organization, told);
  }
}
