import type { CaseName, CaseView } from '../../cases/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { preferredWait } from '../../platform/http/prefer-wait.js';
import { LONGEST_WAIT_S, type CaseWaits } from '../case-waits.js';
import type { Wishes } from './wishes.decorator.js';

/** A case that has been read for somebody who may want to wait for more. */
export interface Waiting {
  readonly name: CaseName;
  readonly seen: CaseView;
  readonly wishes: Wishes;
}

/**
 * The case, later, if the client would like that. What was asked for has been committed before, so whatever
 * becomes of the waiting, the answer stands.
 */
export async function waitAsPreferred(waits: CaseWaits, waiting: Waiting): Promise<CaseView> {
  const { name, seen, wishes } = waiting;
  const seconds = secondsOf(wishes);
  if (seconds === null || !waits.hasRoom(name.organization)) return seen;
  wishes.applied(`wait=${seconds}`);
  return waits.wait(name, seen, seconds * 1_000, wishes.gone);
}

/**
 * The case when it is no longer open, or after a while as it is then.
 *
 * @throws DomainError `service.overloaded`
 */
export async function waitUntilSettled(waits: CaseWaits, waiting: Waiting): Promise<CaseView> {
  const { name, seen, wishes } = waiting;
  const seconds = secondsOf(wishes);
  if (seconds !== null) wishes.applied(`wait=${seconds}`);
  if (seen.state !== 'open') return seen;
  if (!waits.hasRoom(name.organization))
    throw new DomainError('service.overloaded', 'too many wait for cases');
  return waits.wait(name, seen, (seconds ?? LONGEST_WAIT_S) * 1_000, wishes.gone);
}

function secondsOf({ prefer }: Wishes): number | null {
  const preferred = preferredWait(prefer);
  return preferred === null ? null : Math.min(preferred, LONGEST_WAIT_S);
}
