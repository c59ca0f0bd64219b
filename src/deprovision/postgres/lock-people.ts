import type { OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { SubjectState } from '../domain/plan-subject.js';

const lock = sql('heart.lock_people', 'select lock_people($1, $2::uuid[]) as before');

export interface LockedPeople {
  readonly at: Date;
  readonly people: readonly (Omit<SubjectState, 'at' | 'user'> & { readonly user: UserId })[];
}

/** Those of them whom the organization has, locked in the order of their ids. Each takes room in the lock table. */
export async function lockPeople(
  tx: Tx,
  organization: OrganizationId,
  people: readonly UserId[],
): Promise<LockedPeople> {
  const [row] = await rows<{ before: { at: string; people: LockedPeople['people'] } }>(tx, lock, [
    organization,
    people,
  ]);
  if (row === undefined) throw new TypeError('heart.lock_people answered nothing');
  return { at: new Date(row.before.at), people: row.before.people };
}
