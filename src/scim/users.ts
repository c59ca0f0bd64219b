import type {
  AlongsideChange,
  Deprovision,
  Edit,
  Origin,
  ResourceChange,
  ResourceOutcome,
} from '../deprovision/index.js';
import type { Resources } from '../directory/index.js';
import { DomainError } from '../kernel/domain-error.js';
import { readId, type ResourceId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import type { Done } from './bulk-order.js';
import type { UserView } from './present/user.js';
import { readCreate, readPatch, readReplace, type Creation, type Interop } from './read/edit.js';
import { editOf, names, versionLost } from './read/precondition.js';
import type { RefusedChanges } from './refused-changes.js';

/** The JSON value of a request, or what is wrong with it; undefined when it has none. */
export interface Body {
  (): unknown;
  readonly interop: Interop;
}

/** What is written in the same transaction as a change. */
export type Beside = (tx: Tx, done: Done) => Promise<void>;

export const placeOf = ({ id, version }: { readonly id: string; readonly version: number }) => ({
  id,
  version,
});

/** People, as one SCIM connection sees and changes them. */
export class ScimUsers {
  readonly #heart: Deprovision;
  readonly #resources: Resources;
  readonly #refused: RefusedChanges;
  readonly #alongside: AlongsideChange<ResourceOutcome> | undefined;

  constructor(
    ...[heart, resources, refused, alongside]: [
      heart: Deprovision,
      resources: Resources,
      refused: RefusedChanges,
      alongside?: AlongsideChange<ResourceOutcome>,
    ]
  ) {
    this.#heart = heart;
    this.#resources = resources;
    this.#refused = refused;
    this.#alongside = alongside;
  }

  /** The same, for one who writes something with each change that is done. */
  alongside(write: Beside): ScimUsers {
    return new ScimUsers(this.#heart, this.#resources, this.#refused, async (tx, outcome) => {
      if (outcome.kind === 'done') await write(tx, { kind: 'user', ...placeOf(outcome.resource) });
      if (outcome.kind === 'removed') await write(tx, { kind: 'removed' });
    });
  }

  /** @throws DomainError `resource.unknown`, also for a tombstone and for another connection's */
  async get(origin: Origin, id: string): Promise<UserView> {
    const found = await this.#resources.get(origin, resourceId(id));
    if (found === null) throw unknown();
    return found;
  }

  create(origin: Origin, body: Body): Promise<UserView> {
    return this.#changed(origin, () => creationOf(origin, readCreate(body())));
  }

  replace(origin: Origin, id: string, body: Body, ifMatch?: string): Promise<UserView> {
    return this.#changed(origin, () => {
      const edit = editOf(ifMatch, readReplace(body()));
      return { kind: 'edit', origin, resource: resourceId(id), edit, verb: 'put' };
    });
  }

  patch(origin: Origin, id: string, body: Body, ifMatch?: string): Promise<UserView> {
    return this.#changed(origin, () => {
      const edit = editOf(ifMatch, readPatch(body(), body.interop));
      return { kind: 'edit', origin, resource: resourceId(id), edit };
    });
  }

  async remove(origin: Origin, id: string, ifMatch?: string): Promise<void> {
    await this.#refused.recorded(origin, async () => {
      const resource = resourceId(id);
      const isLost = ifMatch !== undefined && !names(ifMatch, (await this.get(origin, id)).version);
      // Whoever deletes means that the person is gone: that stands, whatever becomes of the resource (P9).
      const edit: Edit = () => ({ word: 'false', refused: versionLost() });
      const outcome = await this.#heart.changeResource(
        isLost ? { kind: 'edit', origin, resource, edit } : { kind: 'remove', origin, resource },
        this.#alongside,
      );
      if (outcome.kind !== 'removed') throw refusalOf(outcome);
    });
  }

  #changed(origin: Origin, change: () => ResourceChange): Promise<UserView> {
    return this.#refused.recorded(origin, async () => {
      const outcome = await this.#heart.changeResource(change(), this.#alongside);
      if (outcome.kind !== 'done') throw refusalOf(outcome);
      return outcome.resource;
    });
  }
}

const creationOf = (origin: Origin, creation: Creation): ResourceChange =>
  'image' in creation
    ? { kind: 'create', origin, ...creation }
    : { kind: 'refused_create', origin, ...creation };

const unknown = (): DomainError =>
  new DomainError('resource.unknown', 'this connection has no user with this id');

function resourceId(text: string): ResourceId {
  const id = readId<ResourceId>(text);
  if (id === null) throw unknown();
  return id;
}

function refusalOf(outcome: ResourceOutcome): Error {
  switch (outcome.kind) {
    case 'refused':
      return outcome.why;
    case 'unknown':
      return unknown();
    case 'name_taken':
      return new DomainError('scim.name_taken', 'userName is taken in this connection');
    case 'done':
    case 'removed':
      return new TypeError(`${outcome.kind} is no refusal`);
  }
}
