import { Body, Controller, Get, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import { ApiHeader, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { DomainError } from '../../kernel/domain-error.js';
import { readId, type CaseId, type OrganizationId, type UserId } from '../../kernel/ids.js';
import { CaseViews } from '../case-views.js';
import { CaseWaits } from '../case-waits.js';
import { Revocations } from '../revocations.js';
import { IDEMPOTENCY_KEY, RevocationBody } from '../wire/cases.dto.js';
import { CaseQuery, CasesQuery } from '../wire/queries.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Lists, ReadsWaiting, Revokes } from './answers.decorator.js';
import { Caller, operatorOf, type Calling } from './caller.decorator.js';
import { ORG, orUnknown } from './id.pipe.js';
import { Needs } from './needs.decorator.js';
import { answerPage, limitOf } from './paging.js';
import { waitAsPreferred, waitUntilSettled } from './waiting.js';
import { Wished, type Wishes } from './wishes.decorator.js';

@ApiTags('revocations')
@ApiParam({ name: 'org', type: String, format: 'uuid' })
@UseGuards(AdminGuard)
@Controller('v1/organizations/:org')
export class CasesController {
  readonly #revocations: Revocations;
  readonly #views: CaseViews;
  readonly #waits: CaseWaits;

  constructor(revocations: Revocations, views: CaseViews, waits: CaseWaits) {
    this.#revocations = revocations;
    this.#views = views;
    this.#waits = waits;
  }

  @Post('revocations')
  @Needs('operate', 'organization', { urgent: true })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      'The same key with the same body is done once and answered again; with another body it is a 409.',
  })
  @Revokes('Revoke everything issued under a subject. Committed when this answers', 409)
  async revoke(
    @Param('org', ORG) organization: OrganizationId,
    @Body() body: RevocationBody,
    @Caller() caller: Calling,
    @Wished() wishes: Wishes,
  ) {
    const key = wishes.idempotencyKey;
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
    const seen = await this.#views.get(organization, made);
    const name = { organization, id: made };
    return waitAsPreferred(this.#waits, { name, seen, wishes });
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
  @ReadsWaiting('One revocation with its timeline', 'Case')
  async one(
    @Param('org', ORG) organization: OrganizationId,
    @Param('case', orUnknown('case.unknown')) id: CaseId,
    @Query() { wait }: CaseQuery,
    @Wished() wishes: Wishes,
  ) {
    const seen = await this.#views.get(organization, id);
    if (wait === undefined) return seen;
    const name = { organization, id };
    const later = await waitUntilSettled(this.#waits, { name, seen, wishes });
    // While it waited the database may have been away: what is answered is what is there now.
    return later.state === 'open' ? this.#views.get(organization, id) : later;
  }
}
