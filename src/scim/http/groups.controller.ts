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
import { ScimGroups } from '../groups.js';
import { MEDIA_TYPE } from '../present/errors.js';
import { groupLocationOf, presentGroup, type GroupView } from '../present/group.js';
import { presentPage } from '../present/lists.js';
import type { JsonObject } from '../present/projected.js';
import { etagOf } from '../present/user.js';
import { GROUPS } from '../read/group-schema.js';
import { readProjection, type Projection } from '../read/projection.js';
import { readSearchBody } from '../read/search-request.js';
import { ScimSearch } from '../search.js';
import type { Body } from '../users.js';
import { headed, ifMatch, isKnown, UNPARSED } from './answering.js';
import { From, Json } from './incoming.decorator.js';
import { ScimGuard } from './scim.guard.js';
import { ScimRoot } from './scim-root.js';

/** Fifty thousand members with their references: a group is one request. */
const WHOLE_GROUP = { unparsed: true, bodyLimitBytes: 8_388_608 };

const projectionOf = ({ request }: FastifyReply): Projection =>
  readProjection(request.query, GROUPS);

@Controller('scim/v2/Groups')
@UseGuards(ScimGuard)
export class GroupsController {
  readonly #groups: ScimGroups;
  readonly #search: ScimSearch;
  readonly #root: ScimRoot;

  constructor(groups: ScimGroups, search: ScimSearch, root: ScimRoot) {
    this.#groups = groups;
    this.#search = search;
    this.#root = root;
  }

  @Get()
  @Header('content-type', MEDIA_TYPE)
  list(
    @From() origin: Origin,
    @Req() request: FastifyRequest,
    @Query() query: Readonly<Record<string, unknown>>,
  ): Promise<JsonObject> {
    return this.#found(origin, request, query);
  }

  @Post('.search')
  @RouteConfig(UNPARSED)
  @HttpCode(200)
  @Header('content-type', MEDIA_TYPE)
  search(
    @From() origin: Origin,
    @Req() request: FastifyRequest,
    @Json() body: Body,
  ): Promise<JsonObject> {
    return this.#found(origin, request, readSearchBody(body()));
  }

  @Post()
  @RouteConfig(WHOLE_GROUP)
  async create(
    @From() origin: Origin,
    @Json() body: Body,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject> {
    const telling = this.#groups.telling(projectionOf(reply));
    return this.#told(reply, await telling.create(origin, body));
  }

  @Get(':id')
  async get(
    @From() origin: Origin,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject | undefined> {
    const group = await this.#groups.get(origin, id);
    return isKnown(reply, group) ? undefined : this.#answer(origin, reply, group);
  }

  @Put(':id')
  @RouteConfig(WHOLE_GROUP)
  async replace(
    @From() origin: Origin,
    @Param('id') id: string,
    @Json() body: Body,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject> {
    const telling = this.#groups.telling(projectionOf(reply));
    return this.#told(reply, await telling.replace(origin, id, body, ifMatch(reply.request)));
  }

  /** 204, as Entra expects it; the group only for who asks for parts of it (RFC 7644 §3.5.2). */
  @Patch(':id')
  @RouteConfig(WHOLE_GROUP)
  async patch(
    @From() origin: Origin,
    @Param('id') id: string,
    @Json() body: Body,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject | undefined> {
    const projection = projectionOf(reply);
    if (projection.kind !== 'whole') {
      const telling = this.#groups.telling(projection);
      return this.#told(reply, await telling.patch(origin, id, body, ifMatch(reply.request)));
    }
    const group = await this.#groups.patch(origin, id, body, ifMatch(reply.request));
    const location = groupLocationOf(this.#root.of(reply.request), group);
    void reply.code(204).header('etag', etagOf(group)).header('location', location);
    return undefined;
  }

  @Delete(':id')
  @RouteConfig(UNPARSED)
  @HttpCode(204)
  async remove(
    @From() origin: Origin,
    @Req() request: FastifyRequest,
    @Param('id') id: string,
  ): Promise<void> {
    await this.#groups.remove(origin, id, ifMatch(request));
  }

  async #found(origin: Origin, request: FastifyRequest, asked: unknown): Promise<JsonObject> {
    const projection = readProjection(asked, GROUPS);
    const { items, ...page } = await this.#search.groups(origin, asked);
    const seen = await this.#groups.allSeen(origin, items, projection);
    const root = this.#root.of(request);
    return presentPage({ ...page, items: seen }, (group) => presentGroup(group, root, projection));
  }

  async #answer(
    origin: Origin,
    reply: FastifyReply,
    group: Omit<GroupView, 'members'>,
  ): Promise<JsonObject> {
    return this.#told(reply, await this.#groups.seen(origin, group, projectionOf(reply)));
  }

  #told(reply: FastifyReply, group: GroupView): JsonObject {
    const root = this.#root.of(reply.request);
    headed(reply, group, groupLocationOf(root, group));
    return presentGroup(group, root, projectionOf(reply));
  }
}
