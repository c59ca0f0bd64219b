import { Controller, Header, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import type { Origin } from '../../deprovision/index.js';
import { GroupsOfPeople } from '../groups-of-people.js';
import { ScimGroups } from '../groups.js';
import { MEDIA_TYPE } from '../present/errors.js';
import { presentGroup } from '../present/group.js';
import { presentPage } from '../present/lists.js';
import type { JsonObject } from '../present/projected.js';
import { presentUser } from '../present/user.js';
import { GROUPS } from '../read/group-schema.js';
import { readProjection } from '../read/projection.js';
import { readSearchBody } from '../read/search-request.js';
import { ScimSearch } from '../search.js';
import type { Body } from '../users.js';
import { From, Json } from './incoming.decorator.js';
import { ScimGuard } from './scim.guard.js';
import { ScimRoot } from './scim-root.js';

/** Searches whose words do not stand in a URL, where logs would keep them (RFC 7644 §3.4.3). */
@Controller('scim/v2')
@UseGuards(ScimGuard)
export class SearchController {
  readonly #search: ScimSearch;
  readonly #groups: ScimGroups;
  readonly #groupsOf: GroupsOfPeople;
  readonly #root: ScimRoot;

  constructor(search: ScimSearch, groups: ScimGroups, groupsOf: GroupsOfPeople, root: ScimRoot) {
    this.#search = search;
    this.#groups = groups;
    this.#groupsOf = groupsOf;
    this.#root = root;
  }

  @Post('.search')
  @RouteConfig({ unparsed: true })
  @HttpCode(200)
  @Header('content-type', MEDIA_TYPE)
  async search(
    @From() origin: Origin,
    @Req() request: FastifyRequest,
    @Json() body: Body,
  ): Promise<JsonObject> {
    const asked = readSearchBody(body());
    const root = this.#root.of(request);
    const [ofUser, ofGroup] = [readProjection(asked), readProjection(asked, GROUPS)];
    const page = await this.#search.all(origin, asked);
    const groups = page.items.flatMap((found) => (found.type === 'Group' ? [found.group] : []));
    const seen = new Map(
      (await this.#groups.allSeen(origin, groups, ofGroup)).map((view) => [view.id, view]),
    );
    const users = page.items.flatMap((found) => (found.type === 'User' ? [found.user] : []));
    const people = new Map(
      (await this.#groupsOf.allSeen(origin, users, ofUser)).map((view) => [view.id, view]),
    );
    return presentPage(page, (found) => {
      if (found.type === 'User')
        return presentUser(people.get(found.user.id) ?? found.user, root, ofUser);
      const view = seen.get(found.group.id) ?? { ...found.group, members: null };
      return presentGroup(view, root, ofGroup);
    });
  }

  @Post('Users/.search')
  @RouteConfig({ unparsed: true })
  @HttpCode(200)
  @Header('content-type', MEDIA_TYPE)
  async users(
    @From() origin: Origin,
    @Req() request: FastifyRequest,
    @Json() body: Body,
  ): Promise<JsonObject> {
    const asked = readSearchBody(body());
    const projection = readProjection(asked);
    const { items, ...page } = await this.#search.users(origin, asked);
    const seen = await this.#groupsOf.allSeen(origin, items, projection);
    return presentPage({ ...page, items: seen }, (user) =>
      presentUser(user, this.#root.of(request), projection),
    );
  }
}
