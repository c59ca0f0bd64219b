import type { ConnectionId, OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';
import type { Person } from '../domain/person.js';
import type { Place } from '../domain/plan-membership.js';

interface Around {
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
}

const state = sql('heart.people_state', 'select people_state($1, $2, $3::uuid[]) as people');

/** Where people stand whose rows are locked, as it is after everything that was written before. */
export async function peopleState(
  tx: Tx,
  { organization, connection }: Around,
  people: readonly UserId[],
): Promise<readonly (Place & { readonly person: Person })[]> {
  const [row] = await rows<{ people: readonly (Place & { readonly person: Person })[] }>(
    tx,
    state,
    [organization, connection, people],
  );
  return row?.people ?? [];
}

const late = sql(
  'heart.lock_late',
  `select lock_alone($1, 'user', u.id) from unnest($2::uuid[]) as u (id) order by u.id`,
);

/** People who were behind a member only by the time that it went. Out of the order of locks: a deadlock is repeated. */
export const lockLate = async (
  tx: Tx,
  organization: OrganizationId,
  people: readonly UserId[],
): Promise<void> => {
  await touch(tx, late, [organization, people]);
};
