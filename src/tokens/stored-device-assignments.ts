import { entryOf, type AuditLog } from '../audit/index.js';
import type { Assignment, Devices } from '../directory/index.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type CaseId, type EntryId } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import type { OutboxRecord } from '../outbox/index.js';
import { DeviceAssignments, type AssignmentAsking } from './device-assignments.js';
import type { Endings } from './endings.js';
import { lockIssue } from './postgres/lock-issue.js';
import { lockTakeback } from './postgres/lock-takeback.js';

interface Parts {
  readonly transactions: Transactions;
  readonly devices: Pick<Devices, 'owners' | 'assign' | 'unassign'>;
  readonly audit: AuditLog;
  readonly endings: Endings;
}

export class StoredDeviceAssignments extends DeviceAssignments {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    super();
    this.#parts = parts;
  }

  override async assign(assignment: Assignment, asking: AssignmentAsking): Promise<void> {
    const records = await this.#parts.transactions.run('deprovision', (tx) =>
      this.#assign(tx, assignment, asking),
    );
    this.#parts.endings.published(records);
  }

  override async unassign(assignment: Assignment, asking: AssignmentAsking): Promise<void> {
    const records = await this.#parts.transactions.run('deprovision', (tx) =>
      this.#unassign(tx, assignment, asking),
    );
    this.#parts.endings.published(records);
  }

  async #assign(
    tx: Tx,
    assignment: Assignment,
    asking: AssignmentAsking,
  ): Promise<readonly OutboxRecord[]> {
    const { devices, audit, endings } = this.#parts;
    const { organization, device, user } = assignment;
    const locked = await lockIssue(tx, organization, { user, device }, true);
    if (locked.device === null) throw new DomainError('device.unknown');
    if (locked.user === null) throw new DomainError('user.unknown');
    const isUnowned = (await devices.owners(tx, assignment)).length === 0;
    const around = { organization, ...asking, at: locked.at };
    if (!(await devices.assign(tx, assignment))) return [];
    await audit.append(tx, [
      entryOf({
        id: newId<EntryId>(),
        org: organization,
        at: locked.at.toISOString(),
        action: 'device.assigned',
        outcome: 'success',
        actor: asking.actor,
        subject: { type: 'device', id: device },
        request_id: asking.requestId,
        detail: { user },
      }),
    ]);
    return isUnowned ? [await endings.endUnowned(tx, { ...around, device, user })] : [];
  }

  async #unassign(
    tx: Tx,
    assignment: Assignment,
    asking: AssignmentAsking,
  ): Promise<readonly OutboxRecord[]> {
    const { devices, endings } = this.#parts;
    const { at, families } = await lockTakeback(tx, assignment);
    if (!(await devices.unassign(tx, assignment))) throw new DomainError('assignment.unknown');
    const id = newId<CaseId>();
    const takeback = { ...assignment, ...asking, case: id, entry: newId<EntryId>(), at, families };
    return endings.takeBack(tx, takeback);
  }
}
