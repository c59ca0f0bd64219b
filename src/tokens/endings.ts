import type { AuditLog } from '../audit/index.js';
import type { Cases } from '../cases/index.js';
import type { Clock } from '../kernel/clock.js';
import type { Tx } from '../kernel/tx.js';
import type { Outbox, OutboxRecord, RevocationPublisher } from '../outbox/index.js';
import { planEnd, type End, type Press } from './domain/plan-end.js';
import { raiseSubject } from './postgres/raise-subject.js';

/** What this room revokes on its own account, by the same path as everything else: case, entry, record, publish. */
export class Endings {
  readonly #cases: Cases;
  readonly #audit: AuditLog;
  readonly #outbox: Outbox;
  readonly #publisher: RevocationPublisher;
  readonly #clock: Clock;
  readonly #press: Press;

  constructor(parts: {
    readonly cases: Cases;
    readonly audit: AuditLog;
    readonly outbox: Outbox;
    readonly publisher: RevocationPublisher;
    readonly clock: Clock;
    readonly press: Press;
  }) {
    this.#cases = parts.cases;
    this.#audit = parts.audit;
    this.#outbox = parts.outbox;
    this.#publisher = parts.publisher;
    this.#clock = parts.clock;
    this.#press = parts.press;
  }

  /**
   * Ends all that was issued under a device or a device token. It is so if and only if `tx` commits. The caller
   * holds the subject's generation row for update.
   */
  async end(tx: Tx, end: End): Promise<OutboxRecord> {
    const plan = planEnd(end, await raiseSubject(tx, end), this.#press);
    await this.#cases.open(tx, plan.case);
    await this.#audit.append(tx, [plan.entry]);
    await this.#outbox.enqueue(tx, [plan.record]);
    return plan.record;
  }

  /** Sends what has just been committed; what a crash leaves here, the sweeper sends. */
  published(records: readonly OutboxRecord[]): void {
    if (records.length > 0) this.#publisher.offer(records, this.#clock.now());
  }
}
