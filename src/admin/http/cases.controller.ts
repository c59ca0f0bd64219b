import { Body, Controller, Get, Headers, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import { ApiHeader, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { DomainError } from '../../kernel/domain-error.js';
import { readId, type CaseId, type OrganizationId, type UserId } from '../../kernel/ids.js';
import { CaseViews } from '../case-views.js';
import { Revocations } from '../revocations.js';
import { IDEMPOTENCY_KEY, RevocationBody } from '../wire/cases.dto.js';
import { CasesQuery } from '../wire/queries.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Lists, Reads, Takes } from './answers.decorator.js';
import { Caller, operatorOf, type Calling } from './caller.decorator.js';
import { ORG, orUnknown } from './id.pipe.js';
import { Needs } from './needs.decorator.js';
import { answerPage, limitOf } from './paging.js';

@ApiTags('revocations')
@ApiParam({ name: 'org', type: String, format: 'uuid' })
@UseGuards(AdminGuard)
@Controller('v1/organizations/:org')
export class CasesController {
  readonly #revocations: Revocations;
  readonly #views: CaseViews;

  constructor(revocations: Revocations, views: CaseViews) {
    this.#revocations = revocations;
    this.#views = views;
  }

  @Post('revocations')
  @Needs('operate', 'organization', { urgent: true })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      'The same key with the same body is done once and answered again; with another body it is a 409.',
  })
  @Takes('Revoke everything issued under a subject. Committed when this answers', 201, 'Case', 409)
  async revoke(
    @Param('org', ORG) organization: OrganizationId,
    @Body() body: RevocationBody,
    @Headers('idempotency-key') key: string | undefined,
    @Caller() caller: Calling,
  ) {
    if (key !== undefined && !IDEMPOTENCY_KEY.test(key))
      throw new DomainError(
        'request.invalid_value',
        'Idempotency-Key: must be 1 to 255 visible ASCII characters',
      );
    const { scope, id } = body.subject;
    const made = await this.#revocations.order(
      operatorOf(organization, caller),
      { scope, id, reason: body.reason, hold: body.hold ?? false, kind: body.kind ?? 'admin' },
      key ?? null,
    );
    return this.#views.get(organization, made);
  }

  @Get('cases')
  @Needs('read')
  @Lists('Revocations with their timelines, newest first', 'Case')
  async list(
    @Param('org', ORG) organization: OrganizationId,
    @Query() query: CasesQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { items, next } = await this.#views.list({
      organization,
      user: readId<UserId>(query.user),
      state: query.state ?? null,
      cursor: query.cursor ?? null,
      limit: limitOf(query),
    });
    return answerPage(items, next, reply);
  }

  @Get('cases/:case')
  @Needs('read')
  @ApiParam({ name: 'case', type: String, format: 'uuid' })
  @Reads('One revocation with its timeline', 'Case')
  one(
    @Param('org', ORG) organization: OrganizationId,
    @Param('case', orUnknown('case.unknown')) id: CaseId,
  ) {
    return this.#views.get(organization, id);
  }
}
