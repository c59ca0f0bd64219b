import type { Deprovision, Origin, ResourceChange, ResourceOutcome } from '../deprovision/index.js';
import type { Resources } from '../directory/index.js';
import { DomainError } from '../kernel/domain-error.js';
import { readId, type ResourceId } from '../kernel/ids.js';
import type { UserView } from './present/user.js';
import { readCreate, readPatch, readReplace, type Creation } from './read/edit.js';
import { readListRequest } from './read/list-request.js';
import type { RefusedChanges } from './refused-changes.js';

export interface UserList {
  readonly total: number;
  readonly startIndex: number;
  readonly users: readonly UserView[];
}

/** The JSON value of a request, or what is wrong with it; undefined when it has none. */
export type Body = () => unknown;

/** People, as one SCIM connection sees and changes them. */
export class ScimUsers {
  readonly #heart: Deprovision;
  readonly #resources: Resources;
  readonly #refused: RefusedChanges;

  constructor(heart: Deprovision, resources: Resources, refused: RefusedChanges) {
    this.#heart = heart;
    this.#resources = resources;
    this.#refused = refused;
  }

  /** @throws DomainError `resource.unknown`, also for a tombstone and for another connection's */
  async get(origin: Origin, id: string): Promise<UserView> {
    const found = await this.#resources.get(origin, resourceId(id));
    if (found === null) throw unknown();
    return found;
  }

  /** @throws DomainError `scim.invalid_filter`, `scim.invalid_value` */
  async list(origin: Origin, query: unknown): Promise<UserList> {
    const { filter, slice } = readListRequest(query);
    const found = await this.#resources.find(origin, filter, slice);
    return { total: found.total, startIndex: slice.offset + 1, users: found.items };
  }

  create(origin: Origin, body: Body): Promise<UserView> {
    return this.#changed(origin, () => creationOf(origin, readCreate(body())));
  }

  replace(origin: Origin, id: string, body: Body): Promise<UserView> {
    return this.#changed(origin, () => {
      const edit = readReplace(body());
      return { kind: 'edit', origin, resource: resourceId(id), edit };
    });
  }

  patch(origin: Origin, id: string, body: Body): Promise<UserView> {
    return this.#changed(origin, () => {
      const edit = readPatch(body());
      return { kind: 'edit', origin, resource: resourceId(id), edit };
    });
  }

  async remove(origin: Origin, id: string): Promise<void> {
    await this.#refused.recorded(origin, async () => {
      const outcome = await this.#heart.changeResource({
        kind: 'remove',
        origin,
        resource: resourceId(id),
      });
      if (outcome.kind !== 'removed') throw refusalOf(outcome);
    });
  }

  #changed(origin: Origin, change: () => ResourceChange): Promise<UserView> {
    return this.#refused.recorded(origin, async () => {
      const outcome = await this.#heart.changeResource(change());
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
