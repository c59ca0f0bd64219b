import type {
  Group,
  Groups,
  Resource,
  ResourcePosition,
  ResourceSlice,
  Resources,
  ScimPlace,
} from '../directory/index.js';
import type { Bookmark, Cursors } from './cursors.js';
import { asksForGroups } from './groups-of-people.js';
import type { Page } from './present/lists.js';
import { PEOPLE, type Searched } from './read/compile-filter.js';
import { GROUPS } from './read/group-schema.js';
import { isTold, readProjection } from './read/projection.js';
import { MAX_PAGE, readSearchRequest, type SearchRequest } from './read/search-request.js';
import { USERS } from './read/user-schema.js';

/** A page of groups with their members, or of people with their groups, a thousand each at most, must fit into memory. */
const MAX_GROUPS = 100;

/** A person or a group of a search from the root. */
export type Found =
  | { readonly type: 'User'; readonly user: Resource }
  | { readonly type: 'Group'; readonly group: Group };

/** Where one page ended: in which of the lists that are searched one after the other, and behind whom. */
type Mark = Pick<Bookmark, 'list' | 'from'>;

interface Shelf<T> {
  readonly find: (slice: ResourceSlice) => Promise<{ total: number; items: readonly T[] }>;
  readonly follow: (
    mark: Mark,
    limit: number,
  ) => Promise<{ items: readonly T[]; next: Mark | null }>;
}

const BEGINNING: Mark = { list: 0, from: null };

/** Finds people and groups, as one SCIM connection sees them. */
export class ScimSearch {
  readonly #resources: Resources;
  readonly #groups: Groups;
  readonly #cursors: Cursors;

  constructor(resources: Resources, groups: Groups, cursors: Cursors) {
    this.#resources = resources;
    this.#groups = groups;
    this.#cursors = cursors;
  }

  /**
   * @param query what the URL or the body asks for
   * @throws DomainError `scim.invalid_filter`, `scim.invalid_value`, and those of {@link Cursors.open}
   */
  users(place: ScimPlace, query: unknown): Promise<Page<Resource>> {
    const asksFor = asksForGroups(readProjection(query));
    const asked = readSearchRequest(query, PEOPLE, asksFor ? MAX_GROUPS : MAX_PAGE);
    return this.#page(place, asked, this.#people(place, asked));
  }

  groups(place: ScimPlace, query: unknown): Promise<Page<Group>> {
    const asked = readSearchRequest(query, { kind: GROUPS, beside: [] }, pageOf(query));
    const search = `Group ${asked.search}`;
    return this.#page(place, { ...asked, search }, this.#groupsOf(place, asked));
  }

  /** From the root (RFC 7644 §3.4.3): people first, then groups, each in its order. */
  all(place: ScimPlace, query: unknown): Promise<Page<Found>> {
    const [people, groups] = ALL.map((searched) =>
      readSearchRequest(query, searched, pageOf(query)),
    ) as [SearchRequest, SearchRequest];
    const shelf = oneAfterTheOther<Found>(
      shelfOf(this.#people(place, people), (user) => ({ type: 'User', user })),
      shelfOf(this.#groupsOf(place, groups), (group) => ({ type: 'Group', group })),
    );
    return this.#page(place, { ...people, search: `* ${people.search}` }, shelf);
  }

  #people(place: ScimPlace, asked: SearchRequest): Shelf<Resource> {
    return {
      find: (slice) => this.#resources.find(place, asked, slice),
      follow: async ({ from }, limit) =>
        ending(await this.#resources.follow(place, asked, { from, limit })),
    };
  }

  #groupsOf(place: ScimPlace, asked: SearchRequest): Shelf<Group> {
    return {
      find: (slice) => this.#groups.find(place, asked, slice),
      follow: async ({ from }, limit) =>
        ending(await this.#groups.follow(place, asked, { from, limit })),
    };
  }

  /** Counted once: what a long list changes by meanwhile is not worth counting it again for every page. */
  async #page<T>(place: ScimPlace, asked: SearchRequest, shelf: Shelf<T>): Promise<Page<T>> {
    const { page, search } = asked;
    if (page.kind === 'index') {
      const { total, items } = await shelf.find(page.slice);
      return { total, items, paging: { startIndex: page.slice.offset + 1 } };
    }
    const { cursor, count } = page;
    const mark = cursor === '' ? null : this.#cursors.open(place, cursor, { search, count });
    const total = mark?.total ?? (await shelf.find({ offset: 0, limit: 0 })).total;
    const { items, next } = await shelf.follow(mark ?? BEGINNING, count);
    const paging =
      next === null
        ? {}
        : { nextCursor: this.#cursors.seal(place, { search, count, total, ...next }) };
    return { total, items, paging };
  }
}

/** From the root, a name that only one of them knows is missing in the other. */
const ALL: readonly Searched[] = [
  { kind: USERS, beside: [GROUPS] },
  { kind: GROUPS, beside: [PEOPLE.kind] },
];

const pageOf = (query: unknown): number =>
  isTold('members', readProjection(query, GROUPS)) || asksForGroups(readProjection(query))
    ? MAX_GROUPS
    : MAX_PAGE;

const ending = <T>({
  items,
  next,
}: {
  readonly items: readonly T[];
  readonly next: ResourcePosition | null;
}): { items: readonly T[]; next: Mark | null } => ({
  items,
  next: next === null ? null : { list: 0, from: next },
});

const shelfOf = <T, U>({ find, follow }: Shelf<T>, seen: (item: T) => U): Shelf<U> => ({
  find: async (slice) => {
    const { total, items } = await find(slice);
    return { total, items: items.map(seen) };
  },
  follow: async (mark, limit) => {
    const { items, next } = await follow(mark, limit);
    return { items: items.map(seen), next };
  },
});

const oneAfterTheOther = <T>(first: Shelf<T>, second: Shelf<T>): Shelf<T> => ({
  find: async (slice) => {
    const before = await first.find(slice);
    const after = await second.find({
      offset: Math.max(0, slice.offset - before.total),
      limit: slice.limit - before.items.length,
    });
    return { total: before.total + after.total, items: [...before.items, ...after.items] };
  },
  follow: async (mark, limit) => {
    const before =
      mark.list === 0 ? await first.follow(mark, limit) : { items: [] as readonly T[], next: null };
    if (before.next !== null) return before;
    const left = limit - before.items.length;
    // A page that is full by now goes on with the second list, if there is anything in it.
    if (left === 0) {
      const { total } = await second.find({ offset: 0, limit: 0 });
      return { items: before.items, next: total > 0 ? { list: 1, from: null } : null };
    }
    const after = await second.follow({ list: 1, from: mark.list === 1 ? mark.from : null }, left);
    const next = after.next === null ? null : { list: 1, from: after.next.from };
    return { items: [...before.items, ...after.items], next };
  },
});
