import type { Resources, ScimPlace } from '../directory/index.js';
import type { Cursors } from './cursors.js';
import type { UserPage } from './present/lists.js';
import { readSearchRequest, type SearchRequest } from './read/search-request.js';

/** Finds people, as one SCIM connection sees them. */
export class ScimSearch {
  readonly #resources: Resources;
  readonly #cursors: Cursors;

  constructor(resources: Resources, cursors: Cursors) {
    this.#resources = resources;
    this.#cursors = cursors;
  }

  /**
   * @param query what the URL or the body asks for
   * @throws DomainError `scim.invalid_filter`, `scim.invalid_value`, and those of {@link Cursors.open}
   */
  async find(place: ScimPlace, query: unknown): Promise<UserPage> {
    const asked = readSearchRequest(query);
    const { page } = asked;
    if (page.kind === 'cursor') return this.#after(place, asked, page);
    const { total, items } = await this.#resources.find(place, asked, page.slice);
    return { total, users: items, paging: { startIndex: page.slice.offset + 1 } };
  }

  /** Counted once: what a long list changes by meanwhile is not worth counting it again for every page. */
  async #after(
    place: ScimPlace,
    asked: SearchRequest,
    { cursor, count }: Extract<SearchRequest['page'], { kind: 'cursor' }>,
  ): Promise<UserPage> {
    const { search } = asked;
    const mark = cursor === '' ? null : this.#cursors.open(place, cursor, { search, count });
    const total =
      mark?.total ?? (await this.#resources.find(place, asked, { offset: 0, limit: 0 })).total;
    const { items, next } = await this.#resources.follow(place, asked, {
      from: mark?.from ?? null,
      limit: count,
    });
    const paging =
      next === null
        ? {}
        : { nextCursor: this.#cursors.seal(place, { search, count, total, from: next }) };
    return { total, users: items, paging };
  }
}
