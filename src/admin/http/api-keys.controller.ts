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
import { ApiKeys } from '../../api-keys/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { ApiKeyId, OrganizationId } from '../../kernel/ids.js';
import { Revocations } from '../revocations.js';
import { apiKeyView, NewApiKeyBody, newApiKeyView } from '../wire/keys.dto.js';
import { PageQuery } from '../wire/queries.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Does, Lists, Reads, Takes } from './answers.decorator.js';
import { Caller, operatorOf, type Calling } from './caller.decorator.js';
import { ORG, orUnknown } from './id.pipe.js';
import { Needs } from './needs.decorator.js';
import { answerListed, pageOf } from './paging.js';

const KEY = orUnknown('api_key.unknown');

@ApiTags('api keys')
@ApiParam({ name: 'org', type: String, format: 'uuid' })
@UseGuards(AdminGuard)
@Controller('v1/organizations/:org/api-keys')
export class ApiKeysController {
  readonly #keys: ApiKeys;
  readonly #revocations: Revocations;

  constructor(keys: ApiKeys, revocations: Revocations) {
    this.#keys = keys;
    this.#revocations = revocations;
  }

  @Post()
  @Needs('own')
  @Takes('Make an API key. It is shown once', 201, 'NewApiKey')
  async create(
    @Param('org', ORG) organization: OrganizationId,
    @Body() { name, scopes }: NewApiKeyBody,
    @Caller() caller: Calling,
  ) {
    return newApiKeyView(await this.#keys.create({ organization, name, scopes }, caller.asking));
  }

  @Get()
  @Needs('read')
  @Lists('API keys, newest first, those that have ended too', 'ApiKey')
  async list(
    @Param('org', ORG) organization: OrganizationId,
    @Query() query: PageQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const listed = await this.#keys.list(organization, pageOf<ApiKeyId>(query));
    return answerListed(listed, apiKeyView, reply);
  }

  @Get(':key')
  @Needs('read')
  @ApiParam({ name: 'key', type: String, format: 'uuid' })
  @Reads('One API key', 'ApiKey')
  async one(@Param('org', ORG) organization: OrganizationId, @Param('key', KEY) id: ApiKeyId) {
    const key = await this.#keys.get(organization, id);
    if (key === null) throw new DomainError('api_key.unknown');
    return apiKeyView(key);
  }

  @Delete(':key')
  @HttpCode(204)
  @Needs('operate', 'organization', { urgent: true })
  @ApiParam({ name: 'key', type: String, format: 'uuid' })
  @Does('End an API key and every device token that came through it')
  async end(
    @Param('org', ORG) organization: OrganizationId,
    @Param('key', KEY) id: ApiKeyId,
    @Caller() caller: Calling,
  ): Promise<void> {
    await this.#revocations.order(
      operatorOf(organization, caller),
      { scope: 'api_key', id, reason: 'api key ended', hold: false, kind: 'admin' },
      null,
    );
  }
}
