import type { AuditEntry } from '../audit/index.js';
import { newId, type GroupId, type UserId } from '../kernel/ids.js';
import type { OutboxRecord } from '../outbox/index.js';
import type { Tx } from '../kernel/tx.js';
import type {
  GroupChange,
  GroupEdit,
  GroupOutcome,
  MembersChange,
  StoredGroup,
} from './domain/group-change.js';
import { print, type Press } from './domain/compose-writes.js';
import { planMembership } from './domain/plan-membership.js';
import { entryOf, NOTHING, eventsOf, type Circumstances, type EventDraft } from './domain/plan.js';
import {
  groupChanged,
  groupCreated,
  groupDeleted,
  type Verb,
} from './domain/provisioning-events.js';
import { movePeople, type Moved } from './move-people.js';
import { lockGroup } from './postgres/lock-group.js';
import { lockLate } from './postgres/people-state.js';
import { writeAll } from './postgres/write-all.js';
import { insertGroup, removeGroup, updateGroup } from './postgres/write-group.js';

interface Carried {
  readonly outcome: GroupOutcome;
  readonly records: readonly OutboxRecord[];
}

/** Applies one SCIM request to a group. */
export async function changeGroup(tx: Tx, press: Press, change: GroupChange): Promise<Carried> {
  const { origin } = change;
  const members = membersOf(change);
  const group = change.kind === 'create' ? null : change.group;
  const before = await lockGroup(tx, { ...origin, group }, members);
  if (before === null) return done({ kind: 'unknown' });
  const around: Circumstances = { origin, at: before.at, epoch: press.epoch, makeId: newId };
  if (change.kind === 'create') return createGroup(tx, press, around, change);
  const stored = existing(before.group);
  if (change.isMeant?.(stored.version) === false) return done({ kind: 'version_lost' });
  const people = before.givesAccess ? before.people : null;
  return change.kind === 'edit'
    ? editGroup(tx, press, around, { stored, people, ...change })
    : deleteGroup(tx, press, around, { stored, people });
}

const done = (outcome: GroupOutcome, records: readonly OutboxRecord[] = []): Carried => ({
  outcome,
  records,
});

function membersOf(change: GroupChange): MembersChange {
  switch (change.kind) {
    case 'create':
      return { replaces: false, add: change.members, remove: [] };
    case 'edit':
      return change.edit.members;
    case 'remove':
      return { replaces: true, add: [], remove: [] };
  }
}

function existing(group: StoredGroup | null): StoredGroup {
  if (group === null) throw new TypeError('a group was locked and is not there');
  return group;
}

async function createGroup(
  tx: Tx,
  press: Press,
  around: Circumstances,
  { image, members }: Extract<GroupChange, { kind: 'create' }>,
): Promise<Carried> {
  const group: StoredGroup = {
    ...image,
    id: around.makeId<GroupId>(),
    version: 1,
    createdAt: around.at,
    changedAt: around.at,
  };
  await insertGroup(tx, around.origin, group, members);
  const entry = entryOf(around, {
    action: 'group.created',
    subject: { type: 'group', id: group.id },
    detail: { members: members.length },
  });
  write(tx, press, around, entry, groupCreated(around, group, { members: members.length }));
  return done({ kind: 'done', group, changed: true });
}

interface Locked {
  readonly stored: StoredGroup;
  /** Whom the change reaches; null when access does not come from the group. */
  readonly people: readonly UserId[] | null;
}

async function editGroup(
  tx: Tx,
  press: Press,
  around: Circumstances,
  {
    stored,
    people,
    edit,
    verb = 'patch',
  }: Locked & { readonly edit: GroupEdit; readonly verb?: Verb },
): Promise<Carried> {
  const image = {
    displayName: edit.displayName ?? stored.displayName,
    externalId: edit.externalId === undefined ? stored.externalId : edit.externalId,
  };
  const next = { ...image, id: stored.id, at: around.at };
  const written = await updateGroup(tx, around.origin, next, edit.members);
  const { version, added, removed, left } = written;
  const { gone, records } = await settle(tx, press, around, { people, left });
  if (version === null) return done({ kind: 'done', group: stored, changed: false }, records);
  const group = { ...stored, ...image, version, changedAt: around.at };
  const entry = entryOf(around, {
    action: 'group.changed',
    subject: { type: 'group', id: stored.id },
    detail: { added, removed, renamed: image.displayName !== stored.displayName, gone },
  });
  const members = added + removed;
  write(tx, press, around, entry, groupChanged(around, stored, group, { verb, members }));
  return done({ kind: 'done', group, changed: true }, records);
}

async function deleteGroup(
  tx: Tx,
  press: Press,
  around: Circumstances,
  { stored: { id }, people }: Locked,
): Promise<Carried> {
  const { removed, left } = await removeGroup(tx, around.origin.organization, id, around.at);
  const { gone, records } = await settle(tx, press, around, { people, left });
  const entry = entryOf(around, {
    action: 'group.deleted',
    subject: { type: 'group', id },
    detail: { members: removed, gone },
  });
  write(tx, press, around, entry, groupDeleted(around, id));
  return done({ kind: 'removed' }, records);
}

/** After the members have changed: what that means for the access of those whom it reaches. */
async function settle(
  tx: Tx,
  press: Press,
  around: Circumstances,
  reached: Pick<Locked, 'people'> & { readonly left: readonly UserId[] },
): Promise<Moved> {
  if (reached.people === null) return { records: [], gone: 0 };
  const locked = new Set(reached.people);
  const late = reached.left.filter((user) => !locked.has(user));
  if (late.length > 0) await lockLate(tx, around.origin.organization, late);
  const left = new Set(reached.left);
  return movePeople(tx, press, around, {
    people: [...locked, ...late],
    plan: (standing) => planMembership(around, standing, left.has(standing.person.user)),
  });
}

/** What goes with the group itself, in one trip with COMMIT. */
function write(
  ...[tx, press, around, entry, event]: [Tx, Press, Circumstances, AuditEntry, EventDraft]
): void {
  const { organization, connection } = around.origin;
  writeAll(tx, {
    ...NOTHING,
    organization,
    connection,
    at: around.at,
    user: null,
    access: [],
    events: eventsOf(around, [event]),
    printed: print(press, organization, { entries: [entry], records: [] }, around.at),
  });
}
