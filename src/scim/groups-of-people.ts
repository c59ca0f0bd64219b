import type { Origin } from '../deprovision/index.js';
import type { GroupOfPerson, Groups, ScimPlace } from '../directory/index.js';
import type { ResourceId } from '../kernel/ids.js';
import { foundBeside } from './found-beside.js';
import type { UserView } from './present/user.js';
import { isAskedFor, type Projection } from './read/projection.js';
import type { ScimUsers } from './users.js';

/** In a list, and after a change, who is in more groups is told without them; who wants them asks for that person. */
const MOST_GROUPS = 1_000;

export const asksForGroups = (projection: Projection): boolean => isAskedFor('groups', projection);

/** Adds to people in which groups they are, where somebody asks for that. */
export class GroupsOfPeople {
  readonly #groups: Groups;

  constructor(groups: Groups) {
    this.#groups = groups;
  }

  async seen(place: ScimPlace, user: UserView, projection: Projection): Promise<UserView> {
    const [seen] = await this.#withGroups(place, [user], projection, null);
    return seen ?? user;
  }

  allSeen(
    place: ScimPlace,
    users: readonly UserView[],
    projection: Projection,
  ): Promise<readonly UserView[]> {
    return this.#withGroups(place, users, projection, MOST_GROUPS);
  }

  async #withGroups(
    ...[place, users, projection, most]: [ScimPlace, readonly UserView[], Projection, number | null]
  ): Promise<readonly UserView[]> {
    if (!asksForGroups(projection)) return users;
    const found = await foundBeside(users, (ids: readonly ResourceId[]) =>
      this.#groups.ofPeople(place, ids, most),
    );
    return found.map(([user, groups]) => ({ ...user, groups }));
  }

  /** A change whose answer has been read when it commits: whoever is told that it failed must not find that it stands. */
  async changed(
    { users, origin }: { readonly users: ScimUsers; readonly origin: Origin },
    projection: Projection,
    change: (users: ScimUsers) => Promise<UserView>,
  ): Promise<UserView> {
    if (!asksForGroups(projection)) return change(users);
    let groups: readonly GroupOfPerson[] | null = null;
    const reading = users.alongside(async (tx, done) => {
      if (done.kind === 'user')
        groups = await this.#groups.ofPersonIn(tx, origin, done.id as ResourceId, MOST_GROUPS);
    });
    const user = await change(reading);
    return { ...user, groups };
  }
}
