import { Body, Controller, Delete, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { readId, type ConnectionId, type OrganizationId } from '../../kernel/ids.js';
import { ForeignIssuers, type IssuerId } from '../../outbox/index.js';
import { LIFE_DEFAULT_S, NewIssuerBody } from '../wire/issuers.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Does, Lists, Takes } from './answers.decorator.js';
import { Caller, type Calling } from './caller.decorator.js';
import { ORG, orUnknown } from './id.pipe.js';
import { Needs } from './needs.decorator.js';

/**
 * Issuers are an organization's, but the gateways that ask them for their keys and believe them are the
 * installation's: only its keys register one.
 */
@ApiTags('issuers')
@ApiParam({ name: 'org', type: String, format: 'uuid' })
@UseGuards(AdminGuard)
@Controller('v1/organizations/:org/issuers')
export class IssuersController {
  readonly #issuers: ForeignIssuers;

  constructor(issuers: ForeignIssuers) {
    this.#issuers = issuers;
  }

  @Post()
  @Needs('own', 'organization', { reachesFurther: true })
  @Takes(
    'Register an issuer whose tokens gateways may accept. What it has issued before is refused',
    201,
    'Issuer',
    409,
  )
  register(
    @Param('org', ORG) organization: OrganizationId,
    @Body() body: NewIssuerBody,
    @Caller() caller: Calling,
  ) {
    return this.#issuers.register(
      {
        organization,
        issuer: body.issuer,
        audience: body.audience,
        jwksUrl: body.jwks_url ?? null,
        jwks: body.jwks ?? null,
        maxTtlS: body.max_ttl_s ?? LIFE_DEFAULT_S,
        subject: body.subject,
        connection: readId<ConnectionId>(body.identities_from),
      },
      caller.asking,
    );
  }

  @Get()
  @Needs('read')
  @Lists('Registered issuers, newest first', 'Issuer')
  async list(@Param('org', ORG) organization: OrganizationId) {
    return { items: await this.#issuers.list(organization) };
  }

  @Delete(':issuer')
  @HttpCode(204)
  @Needs('own')
  @ApiParam({ name: 'issuer', type: String, format: 'uuid' })
  @Does('Remove an issuer: gateways refuse its tokens with their next lease')
  async remove(
    @Param('org', ORG) organization: OrganizationId,
    @Param('issuer', orUnknown('issuer.unknown')) id: IssuerId,
    @Caller() caller: Calling,
  ): Promise<void> {
    await this.#issuers.remove({ organization, id }, caller.asking);
  }
}
