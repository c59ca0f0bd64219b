import { entryOf, type AuditLog } from '../audit/index.js';
import { newId, type EntryId, type Id } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import type { Log } from '../platform/log/log.js';
import type { OutboxRecord } from './domain/outbox-record.js';
import type { OutboxMetrics } from './outbox-metrics.js';
import { leaveUnsent } from './postgres/take-unsent.js';
import { setAside } from './postgres/set-aside.js';

export interface SetAsideParts {
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly installation: Id<'installation'>;
  readonly log: Log;
  readonly metrics: OutboxMetrics;
}

/** Definite refusals of one record before it is given up. */
const REFUSALS = 3;

/**
 * Takes records out of the way that the broker refuses for good. The next watermark lists them under `repair`, so
 * gateways fetch them over HTTP and are not fresh before they have.
 */
export class SetAsideRecords {
  readonly #parts: SetAsideParts;
  /** How often each was refused. It leaves when the record is set aside; there are never many. */
  readonly #refusals = new Map<string, number>();

  constructor(parts: SetAsideParts) {
    this.#parts = parts;
  }

  async refused(record: OutboxRecord, why: string): Promise<void> {
    const refusals = (this.#refusals.get(record.digest) ?? 0) + 1;
    this.#refusals.set(record.digest, refusals);
    if (refusals < REFUSALS) {
      // Watermarks wait for it: it is tried again at once, and not when the sweeper's hold has run out.
      await this.#parts.transactions.read('background', (tx) => leaveUnsent(tx, record.digest));
      return;
    }
    await this.#setAside(record, why);
    this.#refusals.delete(record.digest);
  }

  async #setAside(record: OutboxRecord, why: string): Promise<void> {
    const { transactions, audit, installation, log, metrics } = this.#parts;
    const isNew = await transactions.run('background', async (tx) => {
      if (!(await setAside(tx, record.digest, why))) return false;
      const at = await audit.now(tx);
      await audit.append(tx, [
        entryOf({
          id: newId<EntryId>(),
          org: record.organization ?? installation,
          at: at.toISOString(),
          action: 'record.set_aside',
          outcome: 'failure',
          actor: { type: 'service', id: 'publisher' },
          subject: { type: 'record', id: record.digest },
          case: record.case,
        }),
      ]);
      return true;
    });
    if (!isNew) return;
    metrics.recordsSetAside.inc();
    log.alarm('record_set_aside', 'a record was set aside: gateways must fetch it', {
      digest: record.digest,
      case: record.case,
      partition: record.partition,
    });
  }
}
