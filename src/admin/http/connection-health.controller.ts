import { Controller, Get, Param, Query, Res, UseGuards } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ConnectionHealths } from '../../directory/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { ConnectionId, Id, OrganizationId } from '../../kernel/ids.js';
import { connectionHealthView, seenRequestView } from '../wire/connection-health.dto.js';
import { PageQuery } from '../wire/queries.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Lists, Reads } from './answers.decorator.js';
import { ORG, orUnknown } from './id.pipe.js';
import { Needs } from './needs.decorator.js';
import { answerListed, pageOf } from './paging.js';

const CONNECTION = orUnknown('connection.unknown');

/** How the IdP behind a connection is doing: one that has gone quiet is the leaver who keeps access. */
@ApiTags('connections')
@ApiParam({ name: 'org', type: String, format: 'uuid' })
@ApiParam({ name: 'connection', type: String, format: 'uuid' })
@UseGuards(AdminGuard)
@Controller('v1/organizations/:org/connections/:connection')
export class ConnectionHealthController {
  readonly #healths: ConnectionHealths;

  constructor(healths: ConnectionHealths) {
    this.#healths = healths;
  }

  @Get('health')
  @Needs('read')
  @Reads('How a connection is doing, as of a few seconds ago', 'ConnectionHealth')
  async health(
    @Param('org', ORG) organization: OrganizationId,
    @Param('connection', CONNECTION) id: ConnectionId,
  ) {
    const health = await this.#healths.get({ organization, id });
    if (health === null) throw new DomainError('connection.unknown');
    return connectionHealthView(health);
  }

  @Get('requests')
  @Needs('read')
  @Lists('Its last 200 requests, newest first, without values', 'ConnectionRequest')
  async requests(
    @Param('org', ORG) organization: OrganizationId,
    @Param('connection', CONNECTION) id: ConnectionId,
    @Query() query: PageQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const page = pageOf<Id<'request'>>(query);
    const listed = await this.#healths.requests({ organization, id }, page);
    return answerListed(listed, seenRequestView, reply);
  }
}
