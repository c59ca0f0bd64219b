import type { AuditAction } from '../audit/index.js';
import { newId, type ConnectionId, type GroupId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import type { OutboxRecord } from '../outbox/index.js';
import type { AccessGroupOrder, AccessGroupReport, Operator } from './deprovision.js';
import { print, type Press } from './domain/compose-writes.js';
import { planMembership, planOutsider } from './domain/plan-membership.js';
import { entryOf, NOTHING, type Circumstances, type EntryDraft } from './domain/plan.js';
import { movePeople, type Moved } from './move-people.js';
import {
  countOutsiders,
  deleteAccessGroup,
  insertAccessGroup,
  lockAccessGroup,
  lockMembersHeld,
  lockOutsiders,
} from './postgres/access-groups.js';
import { writeAll } from './postgres/write-all.js';

interface Carried<T> {
  readonly outcome: T;
  readonly records: readonly OutboxRecord[];
}

const NOBODY: Moved = { records: [], gone: 0 };

/**
 * From now on access comes from this group, too: who is in it and was held for having no place may come back; who is outside of
 * all of them loses access when the order says so.
 */
export async function admitGroup(
  tx: Tx,
  press: Press,
  { group, apply, ...operator }: AccessGroupOrder,
): Promise<Carried<AccessGroupReport | null>> {
  const { organization } = operator;
  const before = await lockAccessGroup(tx, organization, group);
  if (before?.isLiving !== true) return { outcome: null, records: [] };
  const { at, connection } = before;
  const around = circumstances(press, operator, before);
  const place = { organization, connection };
  const isNew = await insertAccessGroup(tx, place, group, at);
  await movePeople(tx, press, around, {
    people: await lockMembersHeld(tx, place, group),
    plan: (standing) => planMembership(around, standing, false),
  });
  const moved = apply
    ? await movePeople(tx, press, around, {
        people: await lockOutsiders(tx, place),
        plan: ({ person }) => planOutsider(around, person),
      })
    : NOBODY;
  const outside = apply ? 0 : await countOutsiders(tx, place);
  if (isNew || moved.gone > 0)
    note(tx, press, around, about('access_group.added', group, { outside, gone: moved.gone }));
  return { outcome: { outside, gone: moved.gone }, records: moved.records };
}

/** Access does not come from this group any more. Nobody loses it by that, and no hold is lifted. */
export async function dismissGroup(
  tx: Tx,
  press: Press,
  operator: Operator,
  group: GroupId,
): Promise<Carried<boolean>> {
  const before = await lockAccessGroup(tx, operator.organization, group);
  const isThere = before !== null && (await deleteAccessGroup(tx, operator.organization, group));
  if (isThere) {
    const around = circumstances(press, operator, before);
    note(tx, press, around, about('access_group.removed', group, {}));
  }
  return { outcome: isThere, records: [] };
}

const circumstances = (
  press: Press,
  operator: Operator,
  { at, connection }: { readonly at: Date; readonly connection: ConnectionId },
): Circumstances => ({
  origin: { ...operator, connection },
  at,
  epoch: press.epoch,
  makeId: newId,
  actor: operator.actor,
});

const about = (
  action: AuditAction,
  group: GroupId,
  detail: NonNullable<EntryDraft['detail']>,
): EntryDraft => ({ action, subject: { type: 'group', id: group }, detail });

function note(tx: Tx, press: Press, around: Circumstances, draft: EntryDraft): void {
  const { organization, connection } = around.origin;
  const entries = [entryOf(around, draft)];
  writeAll(tx, {
    ...NOTHING,
    organization,
    connection,
    at: around.at,
    user: null,
    access: [],
    printed: print(press, organization, { entries, records: [] }, around.at),
  });
}
