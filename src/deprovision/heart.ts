import { DomainError } from '../kernel/domain-error.js';
import { newId, type ApiKeyId, type CaseId, type GroupId, type SignalId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import { Commits, type Committed, type CommitParts } from './commits.js';
import { admitGroup, dismissGroup } from './access-groups.js';
import {
  Deprovision,
  type AccessGroupOrder,
  type AccessGroupReport,
  type Alongside,
  type AlongsideChange,
  type HeldSubject,
  type MadeCases,
  type Operator,
  type PeopleOrder,
} from './deprovision.js';
import type {
  ActiveWord,
  Origin,
  ResourceChange,
  ResourceOutcome,
  SignalChange,
  SignalOutcome,
} from './domain/change.js';
import type { Press } from './domain/compose-writes.js';
import type { GroupChange, GroupOutcome } from './domain/group-change.js';
import { planCreation, type CreateChange } from './domain/plan-create.js';
import {
  planEdit,
  planRefusedEdit,
  planRemoval,
  type BeforeEdit,
  type EditChange,
  type Planned,
} from './domain/plan-edit.js';
import { planEdited } from './domain/plan-edited.js';
import { alsoNamed, type Person } from './domain/person.js';
import { planSignal } from './domain/plan-signal.js';
import type { RevocationOrder } from './domain/plan-subject.js';
import { identitiesOf, type Circumstances } from './domain/plan.js';
import { changeGroup } from './group-changes.js';
import {
  lockCreation,
  lockNameOwner,
  lockNewNames,
  lockResource,
  lockSignal,
} from './postgres/lock-and-read.js';
import { together } from './together.js';
import { hasteOf, takesAway } from './haste-of.js';
import { isSubjectTaken } from './postgres/subject-taken.js';
import { LeaversTogether, type SetFailed } from './leavers-together.js';
import { liftHold, revokeApiKey, revokePeople, revokeSubject } from './operator-orders.js';
import { writePlan } from './write-plan.js';

export interface HeartParts extends CommitParts {
  readonly press: Press;
  /** Hears when people who left at the same moment had to go one by one. Never throws. */
  readonly setFailed: SetFailed;
}

/**
 * Each change is one transaction: lock and read, plan, write everything, commit. Then, and only then, the answer
 * goes back to the door and the records go to the publisher.
 */
export class Heart extends Deprovision {
  readonly #commits: Commits;
  readonly #press: Press;
  readonly #leavers: LeaversTogether;

  constructor(parts: HeartParts) {
    super();
    this.#commits = new Commits(parts);
    this.#press = parts.press;
    this.#leavers = new LeaversTogether(this.#commits, parts, (one) => this.#alone(one));
  }

  override changeResource(
    change: ResourceChange,
    alongside?: AlongsideChange<ResourceOutcome>,
  ): Promise<ResourceOutcome> {
    if (alongside === undefined && change.kind === 'edit' && hasteOf(change) === 'leaver')
      return this.#leavers.change(change);
    return this.#alone(change, alongside);
  }

  override changeGroup(
    change: GroupChange,
    alongside?: AlongsideChange<GroupOutcome>,
  ): Promise<GroupOutcome> {
    const mayTakeAway = change.kind === 'remove' || (change.kind === 'edit' && takesAway(change));
    const haste = mayTakeAway ? 'leaver' : 'edit';
    const work = (tx: Tx) => changeGroup(tx, this.#press, change);
    return this.#commits.run(change.origin, together(work, alongside), haste);
  }

  override takeSignal(change: SignalChange): Promise<SignalOutcome> {
    const { effect } = change.signal;
    const haste = effect === 'hold' || effect === 'revoke' ? 'leaver' : 'edit';
    const take = async (tx: Tx): Promise<Committed<SignalOutcome>> => {
      const id = newId<SignalId>();
      const before = await lockSignal(tx, id, change);
      if ('first' in before) return { outcome: { ...before.first, repeated: true }, records: [] };
      const around = this.#circumstances(change.origin, before.at);
      const { plan, outcome } = planSignal(around, before, { id, signal: change.signal });
      return { outcome, records: writePlan(tx, this.#press, around, plan) };
    };
    return this.#commits.run(change.origin, take, haste);
  }

  override revokeSubject(
    order: RevocationOrder,
    alongside: Alongside = nothing,
  ): Promise<CaseId | null> {
    return this.#commits.run(order, async (tx) => {
      const carried = await revokeSubject(tx, this.#press, order);
      if (carried.outcome !== null) await alongside(tx, carried.outcome);
      return carried;
    });
  }

  override revokePeople(
    order: PeopleOrder,
    alongside: (tx: Tx, made: MadeCases) => Promise<void>,
  ): Promise<MadeCases> {
    return this.#commits.run(order, async (tx) => {
      const carried = await revokePeople(tx, this.#press, order);
      await alongside(tx, carried.outcome);
      return carried;
    });
  }

  override revokeApiKey(
    operator: Operator,
    order: { readonly key: ApiKeyId; readonly reason: string },
    alongside: Alongside = nothing,
  ): Promise<CaseId | null> {
    return this.#commits.run(operator, async (tx) => {
      const carried = await revokeApiKey(tx, this.#press, operator, order);
      if (carried.outcome !== null) await alongside(tx, carried.outcome);
      return carried;
    });
  }

  override admitGroup(order: AccessGroupOrder): Promise<AccessGroupReport | null> {
    return this.#commits.run(order, (tx) => admitGroup(tx, this.#press, order));
  }

  override dismissGroup(operator: Operator, group: GroupId): Promise<boolean> {
    const work = (tx: Tx) => dismissGroup(tx, this.#press, operator, group);
    return this.#commits.run(operator, work, 'edit');
  }

  override liftHold(operator: Operator, subject: HeldSubject, name: string): Promise<boolean> {
    return this.#commits.run(operator, (tx) => liftHold(tx, operator, subject, name), 'edit');
  }

  #alone(
    change: ResourceChange,
    alongside?: AlongsideChange<ResourceOutcome>,
  ): Promise<ResourceOutcome> {
    const work = (tx: Tx) => this.#changed(tx, change);
    return this.#commits.run(change.origin, together(work, alongside), hasteOf(change));
  }

  #changed(tx: Tx, change: ResourceChange): Promise<Committed<ResourceOutcome>> {
    switch (change.kind) {
      case 'create':
        return this.#create(tx, change);
      case 'refused_create':
        return this.#refuseCreation(tx, change);
      case 'edit':
        return this.#edit(tx, change);
      case 'remove':
        return this.#remove(tx, change);
    }
  }

  async #create(tx: Tx, change: CreateChange): Promise<Committed<ResourceOutcome>> {
    const { origin, image } = change;
    const names = identitiesOf(null, image);
    const before = await lockCreation(tx, origin, image.userName, names);
    const { person } = before;
    if (before.taken && person !== null)
      return this.#nameTaken(tx, origin, { at: before.at, person }, change.word);
    if (await isSubjectTaken(tx, origin.organization, person?.user ?? null, names))
      return this.#refused(tx, origin, before, { word: change.word, refused: subjectTaken() });
    return this.#write(tx, origin, before.at, (around) => planCreation(around, before, change));
  }

  /** The name is somebody's, but a deactivation in the same request still counts (P9). */
  #nameTaken(
    tx: Tx,
    origin: Origin,
    before: Pick<BeforeEdit, 'at' | 'person'>,
    word: ActiveWord,
  ): Committed<ResourceOutcome> {
    const { records } = this.#write(tx, origin, before.at, (around) =>
      planRefusedEdit(around, before, { word, refused: new NameTaken() }),
    );
    return { outcome: { kind: 'name_taken' }, records };
  }

  /** Whatever is refused, its `active` counts for whoever it is about (P9). */
  #refused(
    tx: Tx,
    origin: Origin,
    before: { readonly at: Date; readonly person: Person | null } | null,
    said: { readonly word: ActiveWord; readonly refused: Error },
  ): Committed<ResourceOutcome> {
    const person = before?.person ?? null;
    if (before === null || person === null)
      return { outcome: { kind: 'refused', why: said.refused }, records: [] };
    const plan = (around: Circumstances) => planRefusedEdit(around, { person }, said);
    return this.#write(tx, origin, before.at, plan);
  }

  async #refuseCreation(
    tx: Tx,
    { origin, userName, word, refused }: RefusedCreation,
  ): Promise<Committed<ResourceOutcome>> {
    const owner = userName === null ? null : await lockNameOwner(tx, origin, userName);
    return this.#refused(tx, origin, owner, { word, refused });
  }

  async #edit(tx: Tx, change: EditChange): Promise<Committed<ResourceOutcome>> {
    const { origin, resource, verb = 'patch' } = change;
    const before = await lockResource(tx, origin.organization, origin.connection, resource);
    if (before === null) return { outcome: { kind: 'unknown' }, records: [] };
    const around = this.#circumstances(origin, before.at);
    const meant = planEdited(around, before, change);
    if (!('names' in meant)) return this.#written(tx, around, meant);
    const { names, edited } = meant;
    const { taken, waiting, foreign, here } = await lockNewNames(
      tx,
      { ...origin, id: before.resource.id },
      edited.next.userName,
      names,
    );
    if (taken) return this.#nameTaken(tx, origin, before, edited.word);
    if (await isSubjectTaken(tx, origin.organization, before.person.user, names))
      return this.#refused(tx, origin, before, { word: edited.word, refused: subjectTaken() });
    const named = { ...before, person: alsoNamed(before.person, foreign) };
    const planned = planEdit(around, named, { ...edited, waiting, here, verb });
    return this.#written(tx, around, planned);
  }

  async #remove(
    tx: Tx,
    { origin, resource }: Extract<ResourceChange, { kind: 'remove' }>,
  ): Promise<Committed<ResourceOutcome>> {
    const before = await lockResource(tx, origin.organization, origin.connection, resource);
    if (before === null) return { outcome: { kind: 'unknown' }, records: [] };
    return this.#write(tx, origin, before.at, (around) => planRemoval(around, before));
  }

  #write(
    tx: Tx,
    origin: Origin,
    at: Date,
    plan: (around: Circumstances) => Planned,
  ): Committed<ResourceOutcome> {
    const around = this.#circumstances(origin, at);
    return this.#written(tx, around, plan(around));
  }

  #written(tx: Tx, around: Circumstances, { plan, outcome }: Planned): Committed<ResourceOutcome> {
    return { outcome, records: writePlan(tx, this.#press, around, plan) };
  }

  #circumstances(origin: Origin, at: Date): Circumstances {
    return { origin, at, epoch: this.#press.epoch, makeId: newId };
  }
}

const nothing: Alongside = () => Promise.resolve();

class NameTaken extends Error {}

const subjectTaken = (): DomainError =>
  new DomainError('scim.subject_taken', 'a subject belongs to somebody else');

type RefusedCreation = Extract<ResourceChange, { kind: 'refused_create' }>;
