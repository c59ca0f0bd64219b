import type { Asking, Assignment } from '../directory/index.js';

/** Who asks for an assignment, and when the request arrived. */
export interface AssignmentAsking extends Asking {
  readonly receivedAt: Date;
}

/** Giving and taking devices by an operator's hand. */
export abstract class DeviceAssignments {
  /**
   * Gives the device to one more user. If nobody held it, all that was issued for it ends in the same transaction:
   * its tokens belonged to nobody. Does nothing when the user holds it already.
   *
   * @throws DomainError `device.unknown`, `user.unknown`
   */
  abstract assign(assignment: Assignment, asking: AssignmentAsking): Promise<void>;

  /** @throws DomainError `assignment.unknown` when the user does not hold the device */
  abstract unassign(assignment: Assignment, asking: AssignmentAsking): Promise<void>;
}
