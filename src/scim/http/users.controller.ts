import {
  Body,
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
  Res,
  UseGuards,
} from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Origin } from '../../deprovision/index.js';
import { MEDIA_TYPE } from '../present/errors.js';
import { presentList } from '../present/lists.js';
import { etagOf, locationOf, presentUser, type Json, type UserView } from '../present/user.js';
import { readProjection } from '../read/projection.js';
import { ScimUsers } from '../users.js';
import { From, Root, rootOf } from './incoming.decorator.js';
import { ScimGuard } from './scim.guard.js';

@ApiExcludeController()
@Controller('scim/v2/Users')
@UseGuards(ScimGuard)
export class UsersController {
  readonly #users: ScimUsers;

  constructor(users: ScimUsers) {
    this.#users = users;
  }

  @Get()
  @Header('content-type', MEDIA_TYPE)
  async list(
    @From() origin: Origin,
    @Root() root: string,
    @Query() query: Readonly<Record<string, unknown>>,
  ): Promise<Json> {
    const { users, total, startIndex } = await this.#users.list(origin, query);
    const projection = readProjection(query);
    const found = users.map((user) => presentUser(user, root, projection));
    return presentList(found, total, startIndex);
  }

  @Post()
  async create(
    @From() origin: Origin,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Json> {
    return answer(reply, await this.#users.create(origin, body));
  }

  @Get(':id')
  async get(
    @From() origin: Origin,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Json> {
    return answer(reply, await this.#users.get(origin, id));
  }

  @Put(':id')
  async replace(
    @From() origin: Origin,
    @Param('id') id: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Json> {
    return answer(reply, await this.#users.replace(origin, id, body));
  }

  @Patch(':id')
  async patch(
    @From() origin: Origin,
    @Param('id') id: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Json> {
    return answer(reply, await this.#users.patch(origin, id, body));
  }

  @Delete(':id')
  @HttpCode(204)
  async remove(@From() origin: Origin, @Param('id') id: string): Promise<void> {
    await this.#users.remove(origin, id);
  }
}

function answer(reply: FastifyReply, user: UserView): Json {
  const { request } = reply;
  const root = rootOf(request);
  void reply
    .header('content-type', MEDIA_TYPE)
    .header('etag', etagOf(user))
    .header('location', locationOf(root, user));
  return presentUser(user, root, readProjection(request.query));
}
