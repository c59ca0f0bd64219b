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
import { MEDIA_TYPE } from '../present/errors.js';
import { presentPage } from '../present/lists.js';
import type { JsonObject } from '../present/projected.js';
import { locationOf, presentUser, type UserView } from '../present/user.js';
import { readProjection } from '../read/projection.js';
import { ScimSearch } from '../search.js';
import { ScimUsers, type Body } from '../users.js';
import { headed, ifMatch, isKnown, UNPARSED } from './answering.js';
import { From, Json } from './incoming.decorator.js';
import { ScimGuard } from './scim.guard.js';
import { ScimRoot } from './scim-root.js';

@Controller('scim/v2/Users')
@UseGuards(ScimGuard)
export class UsersController {
  readonly #users: ScimUsers;
  readonly #search: ScimSearch;
  readonly #root: ScimRoot;

  constructor(users: ScimUsers, search: ScimSearch, root: ScimRoot) {
    this.#users = users;
    this.#search = search;
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
    return presentPage(await this.#search.users(origin, query), (user) =>
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
    return this.#answer(reply, await this.#users.create(origin, body));
  }

  @Get(':id')
  async get(
    @From() origin: Origin,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject | undefined> {
    const user = await this.#users.get(origin, id);
    return isKnown(reply, user) ? undefined : this.#answer(reply, user);
  }

  @Put(':id')
  @RouteConfig(UNPARSED)
  async replace(
    @From() origin: Origin,
    @Param('id') id: string,
    @Json() body: Body,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject> {
    return this.#answer(reply, await this.#users.replace(origin, id, body, ifMatch(reply.request)));
  }

  @Patch(':id')
  @RouteConfig(UNPARSED)
  async patch(
    @From() origin: Origin,
    @Param('id') id: string,
    @Json() body: Body,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject> {
    return this.#answer(reply, await this.#users.patch(origin, id, body, ifMatch(reply.request)));
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

  #answer(reply: FastifyReply, user: UserView): JsonObject {
    const root = this.#root.of(reply.request);
    headed(reply, user, locationOf(root, user));
    return presentUser(user, root, readProjection(reply.request.query));
  }
}
