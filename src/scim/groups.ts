import type {
  AlongsideChange,
  Deprovision,
  GroupChange,
  GroupOutcome,
  Origin,
} from '../deprovision/index.js';
import type { Group, Groups, ScimPlace } from '../directory/index.js';
import { DomainError } from '../kernel/domain-error.js';
import { readId, type GroupId } from '../kernel/ids.js';
import { foundBeside } from './found-beside.js';
import type { GroupView } from './present/group.js';
import { readGroup, readGroupPatch, readNewGroup } from './read/group.js';
import type { IsGroup } from './read/members.js';
import { names, versionLost } from './read/precondition.js';
import { isAskedFor, isTold, type Projection } from './read/projection.js';
import type { RefusedChanges } from './refused-changes.js';
import { placeOf, type Beside, type Body } from './users.js';

/** Of a larger group the members are told only to who asks for them by name. */
const MOST_MEMBERS = 1_000;

type Stored = Omit<GroupView, 'members'>;

type Change = (origin: Origin, id: string, body: Body, ifMatch?: string) => Promise<GroupView>;

/** Changes whose answer has been read when they commit. */
export interface TellingGroups {
  readonly create: (origin: Origin, body: Body) => Promise<GroupView>;
  readonly replace: Change;
  readonly patch: Change;
}

/** Groups, as one SCIM connection sees and changes them. */
export class ScimGroups {
  readonly #heart: Deprovision;
  readonly #groups: Groups;
  readonly #refused: RefusedChanges;
  readonly #alongside: AlongsideChange<GroupOutcome> | undefined;

  constructor(
    ...[heart, groups, refused, alongside]: [
      heart: Deprovision,
      groups: Groups,
      refused: RefusedChanges,
      alongside?: AlongsideChange<GroupOutcome>,
    ]
  ) {
    this.#heart = heart;
    this.#groups = groups;
    this.#refused = refused;
    this.#alongside = alongside;
  }

  /** The same, for one who writes something with each change that is done. */
  alongside(write: Beside): ScimGroups {
    return new ScimGroups(this.#heart, this.#groups, this.#refused, async (tx, outcome) => {
      if (outcome.kind === 'done') await write(tx, { kind: 'group', ...placeOf(outcome.group) });
      if (outcome.kind === 'removed') await write(tx, { kind: 'removed' });
    });
  }

  /** @throws DomainError `resource.unknown`, also for a tombstone and for another connection's */
  async get(origin: Origin, id: string): Promise<Stored> {
    const found = await this.#groups.get(origin, groupId(id));
    if (found === null) throw unknown();
    return found;
  }

  create(origin: Origin, body: Body): Promise<Stored> {
    return this.#changed(origin, (isGroup) => ({
      kind: 'create',
      origin,
      ...readNewGroup(body(), isGroup),
    }));
  }

  replace(origin: Origin, id: string, body: Body, ifMatch?: string): Promise<Stored> {
    return this.#changed(origin, (isGroup) => ({
      kind: 'edit',
      origin,
      group: groupId(id),
      edit: readGroup(body(), isGroup),
      verb: 'put',
      isMeant: meantBy(ifMatch),
    }));
  }

  patch(origin: Origin, id: string, body: Body, ifMatch?: string): Promise<Stored> {
    return this.#changed(origin, (isGroup) => ({
      kind: 'edit',
      origin,
      group: groupId(id),
      edit: readGroupPatch(body(), isGroup),
      isMeant: meantBy(ifMatch),
    }));
  }

  async remove(origin: Origin, id: string, ifMatch?: string): Promise<void> {
    await this.#refused.recorded(origin, async () => {
      const group = groupId(id);
      const isMeant = meantBy(ifMatch);
      const outcome = await this.#heart.changeGroup(
        { kind: 'remove', origin, group, isMeant },
        this.#alongside,
      );
      if (outcome.kind !== 'removed') throw refusalOf(outcome);
    });
  }

  /**
   * Of a change: the same group, and its answer in this form once it has been committed. The members are read in the
   * transaction: whoever is told that it failed must not find that it stands.
   */
  telling(projection: Projection): TellingGroups {
    const told = async (
      origin: Origin,
      change: (groups: ScimGroups) => Promise<Stored>,
    ): Promise<GroupView> => {
      let members: GroupView['members'] = null;
      const read: AlongsideChange<GroupOutcome> = async (tx, outcome) => {
        if (outcome.kind !== 'done' || !isTold('members', projection)) return;
        const most = isAskedFor('members', projection) ? null : MOST_MEMBERS;
        members = await this.#groups.membersIn(tx, origin, outcome.group.id, most);
      };
      const group = await change(new ScimGroups(this.#heart, this.#groups, this.#refused, read));
      return { ...group, members };
    };
    return {
      create: (origin, body) => told(origin, (groups) => groups.create(origin, body)),
      replace: (...[origin, id, body, ifMatch]) =>
        told(origin, (groups) => groups.replace(origin, id, body, ifMatch)),
      patch: (...[origin, id, body, ifMatch]) =>
        told(origin, (groups) => groups.patch(origin, id, body, ifMatch)),
    };
  }

  /** The group as an answer of this form has it. */
  async seen(place: ScimPlace, group: Stored, projection: Projection): Promise<GroupView> {
    const most = isAskedFor('members', projection) ? null : MOST_MEMBERS;
    const [seen] = await this.#withMembers(place, [group], projection, most);
    return seen ?? { ...group, members: null };
  }

  /** The same of a page. There nobody gets the members of a large group: who wants them asks for that group. */
  allSeen(
    place: ScimPlace,
    groups: readonly Group[],
    projection: Projection,
  ): Promise<readonly GroupView[]> {
    return this.#withMembers(place, groups, projection, MOST_MEMBERS);
  }

  async #withMembers(
    ...[place, groups, projection, most]: [ScimPlace, readonly Stored[], Projection, number | null]
  ): Promise<readonly GroupView[]> {
    if (!isTold('members', projection)) return groups.map((group) => ({ ...group, members: null }));
    const found = await foundBeside(groups, (ids: readonly GroupId[]) =>
      this.#groups.members(place, ids, most),
    );
    return found.map(([group, members]) => ({ ...group, members }));
  }

  #changed(origin: Origin, read: (isGroup: IsGroup) => GroupChange): Promise<Stored> {
    return this.#refused.recorded(origin, async () => {
      const change = await this.#sure(origin, read);
      const outcome = await this.#heart.changeGroup(change, this.#alongside);
      if (outcome.kind !== 'done') throw refusalOf(outcome);
      return outcome.group;
    });
  }

  /**
   * Read once more where members are said to be groups: whether they are is not the client's to say. It needs no lock: an
   * id is made here, and names one thing for ever.
   */
  async #sure(place: ScimPlace, read: (isGroup: IsGroup) => GroupChange): Promise<GroupChange> {
    const said = new Set<GroupId>();
    const change = read((id) => said.add(id).has(id));
    if (said.size === 0) return change;
    const known = await this.#groups.among(place, [...said]);
    return read((id) => known.has(id));
  }
}

const meantBy = (ifMatch: string | undefined): ((version: number) => boolean) | null =>
  ifMatch === undefined ? null : (version) => names(ifMatch, version);

const unknown = (): DomainError =>
  new DomainError('resource.unknown', 'this connection has no group with this id');

function groupId(text: string): GroupId {
  const id = readId<GroupId>(text);
  if (id === null) throw unknown();
  return id;
}

function refusalOf(outcome: GroupOutcome): Error {
  switch (outcome.kind) {
    case 'unknown':
      return unknown();
    case 'version_lost':
      return versionLost();
    case 'done':
    case 'removed':
      return new TypeError(`${outcome.kind} is no refusal`);
  }
}
