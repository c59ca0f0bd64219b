import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Post,
  Query,
  Res,
  UseGuards,
} from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { OrganizationId } from '../../kernel/ids.js';
import { AdminKeys } from '../admin-keys.js';
import type { AdminKeyId } from '../principal.js';
import { adminKeyView, NewAdminKeyBody, newAdminKeyView } from '../wire/keys.dto.js';
import { PageQuery } from '../wire/queries.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Does, Lists, Takes } from './answers.decorator.js';
import { Caller, type Calling } from './caller.decorator.js';
import { ORG, orUnknown } from './id.pipe.js';
import { Needs } from './needs.decorator.js';
import { answerListed, pageOf } from './paging.js';

const KEY = orUnknown('admin_key.unknown');

@ApiTags('admin keys')
@UseGuards(AdminGuard)
@Controller('v1')
export class AdminKeysController {
  readonly #keys: AdminKeys;

  constructor(keys: AdminKeys) {
    this.#keys = keys;
  }

  @Post('organizations/:org/admin-keys')
  @Needs('own')
  @ApiParam({ name: 'org', type: String, format: 'uuid' })
  @Takes('Make an admin key of the organization. It is shown once', 201, 'NewAdminKey')
  async create(
    @Param('org', ORG) organization: OrganizationId,
    @Body() { name, role }: NewAdminKeyBody,
    @Caller() caller: Calling,
  ) {
    return newAdminKeyView(await this.#keys.create({ organization, name, role }, caller.asking));
  }

  @Get('organizations/:org/admin-keys')
  @Needs('read')
  @ApiParam({ name: 'org', type: String, format: 'uuid' })
  @Lists('Admin keys of the organization, newest first', 'AdminKey')
  async list(
    @Param('org', ORG) organization: OrganizationId,
    @Query() query: PageQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const listed = await this.#keys.list(organization, pageOf<AdminKeyId>(query));
    return answerListed(listed, adminKeyView, reply);
  }

  @Delete('organizations/:org/admin-keys/:key')
  @HttpCode(204)
  @Needs('own')
  @ApiParam({ name: 'org', type: String, format: 'uuid' })
  @ApiParam({ name: 'key', type: String, format: 'uuid' })
  @Does('End an admin key of the organization, not the one in use', 409)
  async revoke(
    @Param('org', ORG) organization: OrganizationId,
    @Param('key', KEY) key: AdminKeyId,
    @Caller() caller: Calling,
  ): Promise<void> {
    await this.#keys.revoke(organization, key, caller.asking);
  }

  @Post('admin-keys')
  @Needs('own', 'installation')
  @Takes('Make an admin key of the installation. It is shown once', 201, 'NewAdminKey')
  async createHere(@Body() { name, role }: NewAdminKeyBody, @Caller() caller: Calling) {
    return newAdminKeyView(
      await this.#keys.create({ organization: null, name, role }, caller.asking),
    );
  }

  @Get('admin-keys')
  @Needs('read', 'installation')
  @Lists('Admin keys of the installation, newest first', 'AdminKey')
  async listHere(@Query() query: PageQuery, @Res({ passthrough: true }) reply: FastifyReply) {
    const listed = await this.#keys.list(null, pageOf<AdminKeyId>(query));
    return answerListed(listed, adminKeyView, reply);
  }

  @Delete('admin-keys/:key')
  @HttpCode(204)
  @Needs('own', 'installation')
  @ApiParam({ name: 'key', type: String, format: 'uuid' })
  @Does('End an admin key of the installation, not the one in use', 409)
  async revokeHere(@Param('key', KEY) key: AdminKeyId, @Caller() caller: Calling): Promise<void> {
    await this.#keys.revoke(null, key, caller.asking);
  }
}
