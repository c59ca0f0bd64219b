import type { Actor, AuditLog } from '../audit/index.js';
import type { Cases } from '../cases/index.js';
import type { Clock } from '../kernel/clock.js';
import {
  newId,
  type CaseId,
  type DeviceId,
  type EntryId,
  type OrganizationId,
  type UserId,
} from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import type { Outbox, OutboxRecord, RevocationPublisher } from '../outbox/index.js';
import { planEnd, type End, type Press } from './domain/plan-end.js';
import { planTakeback, type Takeback } from './domain/plan-takeback.js';
import { raiseFamilies } from './postgres/raise-families.js';
import { raiseSubject } from './postgres/raise-subject.js';

/** A device that nobody held gets its first user. */
export interface FirstUser {
  readonly organization: OrganizationId;
  readonly device: DeviceId;
  readonly user: UserId | null;
  readonly actor: Actor;
  readonly requestId: string;
  readonly receivedAt: Date;
  readonly at: Date;
}

/** What this room revokes on its own account, by the same path as everything else: case, entry, record, event, publish. */
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
    const plan = planEnd(end, await raiseSubject(tx, end, this.#press.epoch), this.#press);
    await this.#cases.open(tx, plan.case);
    await this.#audit.append(tx, [plan.entry]);
    await this.#outbox.enqueue(tx, [plan.record]);
    await this.#outbox.tell(tx, end.organization, { at: end.at, events: [plan.event] });
    return plan.record;
  }

  /** Ends what was issued for a device while nobody held it: its first user does not inherit it. */
  endUnowned(tx: Tx, first: FirstUser): Promise<OutboxRecord> {
    const { device, ...around } = first;
    return this.end(tx, {
      ...around,
      case: newId<CaseId>(),
      entry: newId<EntryId>(),
      scope: 'device',
      subject: device,
      action: 'token.revoked',
      kind: 'admin',
      reason: 'the device was given to its first user',
    });
  }

  /**
   * Takes a device from a user: ends the user's device tokens on it, and nobody else's. The caller holds their
   * generation rows for update.
   */
  async takeBack(tx: Tx, takeback: Takeback): Promise<readonly OutboxRecord[]> {
    const plan = planTakeback(takeback, this.#press);
    const { organization, families, at } = takeback;
    if (families.length > 0)
      await raiseFamilies(
        tx,
        organization,
        families.map((family) => family.id),
        { at, cause: 'admin', case: takeback.case, epoch: this.#press.epoch },
      );
    if (plan.case !== null) await this.#cases.open(tx, plan.case);
    await this.#audit.append(tx, [plan.entry]);
    await this.#outbox.enqueue(tx, plan.records);
    await this.#outbox.tell(tx, organization, { at, events: plan.events });
    return plan.records;
  }

  /** Sends what has just been committed; what a crash leaves here, the sweeper sends. */
  published(records: readonly OutboxRecord[]): void {
    if (records.length > 0) this.#publisher.offer(records, this.#clock.now());
  }
}
