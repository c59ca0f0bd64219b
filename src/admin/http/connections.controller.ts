import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServiceConfig } from '../../config/service-config.js';
import { Connections } from '../../directory/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { readId, type ConnectionId, type OrganizationId } from '../../kernel/ids.js';
import {
  ConnectionChangeBody,
  connectionView,
  NewConnectionBody,
  newConnectionView,
  OVERLAP_DEFAULT_S,
  Rotation,
} from '../wire/connections.dto.js';
import { PageQuery } from '../wire/queries.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Does, Lists, Reads, Takes } from './answers.decorator.js';
import { Caller, type Calling } from './caller.decorator.js';
import { ORG, orUnknown } from './id.pipe.js';
import { Needs } from './needs.decorator.js';
import { originOf } from '../../platform/http/origin.js';
import { answerListed, pageOf } from './paging.js';

const CONNECTION = orUnknown('connection.unknown');

@ApiTags('connections')
@ApiParam({ name: 'org', type: String, format: 'uuid' })
@UseGuards(AdminGuard)
@Controller('v1/organizations/:org/connections')
export class ConnectionsController {
  readonly #connections: Connections;
  readonly #config: ServiceConfig;

  constructor(connections: Connections, config: ServiceConfig) {
    this.#connections = connections;
    this.#config = config;
  }

  @Post()
  @Needs('own')
  @Takes('Connect an IdP. Its secret is shown in this answer and never again', 201, 'NewConnection')
  async create(
    @Param('org', ORG) organization: OrganizationId,
    @Body() body: NewConnectionBody,
    @Caller() caller: Calling,
    @Req() request: FastifyRequest,
  ) {
    const made = await this.#connections.create(
      {
        organization,
        kind: body.kind,
        name: body.name,
        link: body.link ?? 'user-name',
        identitiesFrom: readId<ConnectionId>(body.identities_from),
        publicKey: body.public_key ?? null,
        ...(body.silence_after_s === undefined ? {} : { silenceAfterS: body.silence_after_s }),
        interop: body.interop ?? 'tolerant',
        accepts: body.accepts ?? 'bearer',
        secretLifeS: body.secret_life_s ?? null,
      },
      caller.asking,
    );
    return newConnectionView(made, originOf(this.#config, request));
  }

  @Get()
  @Needs('read')
  @Lists('Connections, newest first, removed ones too', 'Connection')
  async list(
    @Param('org', ORG) organization: OrganizationId,
    @Query() query: PageQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const listed = await this.#connections.list(organization, pageOf<ConnectionId>(query));
    const origin = originOf(this.#config, request);
    return answerListed(listed, (connection) => connectionView(connection, origin), reply);
  }

  @Get(':connection')
  @Needs('read')
  @ApiParam({ name: 'connection', type: String, format: 'uuid' })
  @Reads('One connection', 'Connection')
  async one(
    @Param('org', ORG) organization: OrganizationId,
    @Param('connection', CONNECTION) id: ConnectionId,
    @Req() request: FastifyRequest,
  ) {
    const connection = await this.#connections.get({ organization, id });
    if (connection === null) throw new DomainError('connection.unknown');
    return connectionView(connection, originOf(this.#config, request));
  }

  // eslint-disable-next-line max-params -- NestJS injects by parameter
  @Patch(':connection')
  @Needs('own')
  @ApiParam({ name: 'connection', type: String, format: 'uuid' })
  @Takes('Change a connection: what is left out stays', 200, 'Connection')
  async change(
    @Param('org', ORG) organization: OrganizationId,
    @Param('connection', CONNECTION) id: ConnectionId,
    @Body() body: ConnectionChangeBody,
    @Caller() caller: Calling,
    @Req() request: FastifyRequest,
  ) {
    const { silence_after_s: silenceAfterS, interop, accepts } = body;
    const changed = await this.#connections.change(
      { organization, id },
      {
        ...(silenceAfterS === undefined ? {} : { silenceAfterS }),
        ...(interop == null ? {} : { interop }),
        ...(accepts == null ? {} : { accepts }),
      },
      caller.asking,
    );
    return connectionView(changed, originOf(this.#config, request));
  }

  @Post(':connection/secrets')
  @Needs('own')
  @ApiParam({ name: 'connection', type: String, format: 'uuid' })
  @Takes(
    'Rotate the secret. The present one stays good for the overlap, an older one ends at once',
    201,
    'NewSecret',
  )
  async rotate(
    @Param('org', ORG) organization: OrganizationId,
    @Param('connection', CONNECTION) id: ConnectionId,
    @Body() body: Rotation,
    @Caller() caller: Calling,
  ) {
    const rotation = {
      overlapS: body.overlap_s ?? OVERLAP_DEFAULT_S,
      lifeS: body.secret_life_s ?? null,
    };
    const made = await this.#connections.rotate({ organization, id }, rotation, caller.asking);
    return {
      secret: made.secret.reveal(),
      expires_at: made.expiresAt?.toISOString() ?? null,
      previous_expire_at: made.previousExpireAt.toISOString(),
    };
  }

  @Delete(':connection')
  @HttpCode(204)
  @Needs('own')
  @ApiParam({ name: 'connection', type: String, format: 'uuid' })
  @Does('Remove a connection: its secrets open nothing from now on. Holds stay')
  async remove(
    @Param('org', ORG) organization: OrganizationId,
    @Param('connection', CONNECTION) id: ConnectionId,
    @Caller() caller: Calling,
  ): Promise<void> {
    await this.#connections.remove({ organization, id }, caller.asking);
  }
}
