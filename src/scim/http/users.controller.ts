import {
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Query,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Origin } from '../../deprovision/index.js';
import { asksForGroups, GroupsOfPeople } from '../groups-of-people.js';
import { MEDIA_TYPE } from '../present/errors.js';
import { presentPage } from '../present/lists.js';
import type { JsonObject } from '../present/projected.js';
import { locationOf, presentUser, type UserView } from '../present/user.js';
import { readProjection, type Projection } from '../read/projection.js';
import { ScimSearch } from '../search.js';
import { ScimUsers, type Body } from '../users.js';
import { headed, ifMatch, isKnown, UNPARSED } from './answering.js';
import { From, Json } from './incoming.decorator.js';
import { ScimGuard } from './scim.guard.js';
import { ScimRoot } from './scim-root.js';

const projectionOf = ({ request }: FastifyReply): Projection => readProjection(request.query);

@Controller('scim/v2/Users')
@UseGuards(ScimGuard)
export class UsersController {
  readonly #users: ScimUsers;
  readonly #search: ScimSearch;
  readonly #groups: GroupsOfPeople;
  readonly #root: ScimRoot;

  constructor(users: ScimUsers, search: ScimSearch, groups: GroupsOfPeople, root: ScimRoot) {
    this.#users = users;
    this.#search = search;
    this.#groups = groups;
    this.#root = root;
  }

  @Get()
  @Header('content-type', MEDIA_TYPE)
  async list(
    @From() origin: Origin,
    @Req() request: FastifyRequest,
    @Query() query: Readonly<Record<string, unknown>>,
  ): Promise<JsonObject> {
    const projection = readProjection(query);
    const { items, ...page } = await this.#search.users(origin, query);
    const seen = await this.#groups.allSeen(origin, items, projection);
    return presentPage({ ...page, items: seen }, (user) =>
      presentUser(user, this.#root.of(request), projection),
    );
  }

  @Post()
  @RouteConfig(UNPARSED)
  async create(
    @From() origin: Origin,
    @Json() body: Body,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject> {
    return this.#changed(origin, reply, (users) => users.create(origin, body));
  }

  @Get(':id')
  async get(
    @From() origin: Origin,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject | undefined> {
    const user = await this.#users.get(origin, id);
    const projection = projectionOf(reply);
    // The version says nothing of groups: who asks for them has not seen the answer before.
    if (!asksForGroups(projection) && isKnown(reply, user)) return undefined;
    return this.#answer(reply, await this.#groups.seen(origin, user, projection));
  }

  @Put(':id')
  @RouteConfig(UNPARSED)
  async replace(
    @From() origin: Origin,
    @Param('id') id: string,
    @Json() body: Body,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject> {
    return this.#changed(origin, reply, (users) =>
      users.replace(origin, id, body, ifMatch(reply.request)),
    );
  }

  @Patch(':id')
  @RouteConfig(UNPARSED)
  async patch(
    @From() origin: Origin,
    @Param('id') id: string,
    @Json() body: Body,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject> {
    return this.#changed(origin, reply, (users) =>
      users.patch(origin, id, body, ifMatch(reply.request)),
    );
  }

  @Delete(':id')
  @RouteConfig(UNPARSED)
  @HttpCode(204)
  async remove(
    @From() origin: Origin,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
  ): Promise<void> {
    await this.#users.remove(origin, id, ifMatch(request));
  }

  async #changed(
    origin: Origin,
    reply: FastifyReply,
    change: (users: ScimUsers) => Promise<UserView>,
  ): Promise<JsonObject> {
    const by = { users: this.#users, origin };
    return this.#answer(reply, await this.#groups.changed(by, projectionOf(reply), change));
  }

  #answer(reply: FastifyReply, user: UserView): JsonObject {
    const root = this.#root.of(reply.request);
    headed(reply, user, locationOf(root, user));
    return presentUser(user, root, projectionOf(reply));
  }
}
