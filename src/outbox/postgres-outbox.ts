import type { Tx } from '../kernel/tx.js';
import type { OutboxRecord } from './domain/outbox-record.js';
import { Outbox } from './outbox.js';
import { enqueueRecords } from './postgres/enqueue-records.js';

export class PostgresOutbox extends Outbox {
  override async enqueue(tx: Tx, records: readonly OutboxRecord[]): Promise<void> {
    if (records.length > 0) await enqueueRecords(tx, records);
  }
}
