import { DomainError } from '../../kernel/domain-error.js';
import type { Deprovision, HeldSubject } from '../../deprovision/index.js';
import type { OrganizationId } from '../../kernel/ids.js';
import { operatorOf, type Calling } from './caller.decorator.js';

/** @throws DomainError `hold.unknown` when the subject has no such hold */
export async function liftHold(
  deprovision: Deprovision,
  organization: OrganizationId,
  hold: HeldSubject & { readonly name: string },
  caller: Calling,
): Promise<void> {
  const { scope, id, name } = hold;
  const operator = operatorOf(organization, caller);
  if (!(await deprovision.liftHold(operator, { scope, id }, name)))
    throw new DomainError('hold.unknown');
}
