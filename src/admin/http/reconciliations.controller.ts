import { Controller, Get, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ConnectionId, Id, OrganizationId } from '../../kernel/ids.js';
import { markOf } from '../../platform/http/request.js';
import { askingOf, principals } from '../principal.js';
import {
  MOST_ROSTER_BYTES,
  readRoster,
  ROSTER_MEDIA_TYPES,
} from '../reconciliation/read-roster.js';
import type { ReconciliationId } from '../reconciliation/reconciliation.js';
import { Reconciliations } from '../reconciliation/reconciliations.js';
import { PageQuery } from '../wire/queries.dto.js';
import {
  findingView,
  MAX_SHARE_DEFAULT,
  ReconcileQuery,
  reconciliationView,
} from '../wire/reconciliations.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Lists, Reads, Takes } from './answers.decorator.js';
import { ORG, orUnknown } from './id.pipe.js';
import { Needs } from './needs.decorator.js';
import { answerPage, cursorOf, pageOf } from './paging.js';

const CONNECTION = orUnknown('connection.unknown');
const RECONCILIATION = orUnknown('reconciliation.unknown');

/** The IdP's own list against ours: whoever has left and still has access is found, however they were missed. */
@ApiTags('connections')
@ApiParam({ name: 'org', type: String, format: 'uuid' })
@ApiParam({ name: 'connection', type: String, format: 'uuid' })
@UseGuards(AdminGuard)
@Controller('v1/organizations/:org/connections/:connection')
export class ReconciliationsController {
  readonly #reconciliations: Reconciliations;

  constructor(reconciliations: Reconciliations) {
    this.#reconciliations = reconciliations;
  }

  @Post('reconcile')
  @Needs('operate', 'organization', { urgent: true })
  @RouteConfig({ unparsed: true, streamed: true, bodyLimitBytes: MOST_ROSTER_BYTES })
  @ApiConsumes(...ROSTER_MEDIA_TYPES)
  @ApiBody({
    required: true,
    schema: { type: 'string', format: 'binary' },
    description:
      'A SCIM ListResponse, JSON lines, or CSV with a header: everybody whom the IdP has.',
  })
  @Takes('Find who holds live tokens and is not on the roster', 201, 'Reconciliation', 408, 409)
  async reconcile(
    @Param('org', ORG) organization: OrganizationId,
    @Param('connection', CONNECTION) id: ConnectionId,
    @Query() query: ReconcileQuery,
    @Req() request: FastifyRequest,
  ) {
    const { actor } = askingOf(principals.get(request), request.id);
    const made = await this.#reconciliations.reconcile({
      operator: { organization, actor, ...markOf(request) },
      connection: { organization, id },
      roster: () => readRoster(request.headers['content-type'], request.bodyStream ?? nothing()),
      apply:
        query.apply === 'true'
          ? {
              maxShare: Number(query.max_share ?? MAX_SHARE_DEFAULT),
              hold: query.hold === 'true',
            }
          : null,
    });
    return reconciliationView(made);
  }

  @Get('reconciliations/:reconciliation')
  @Needs('read')
  @ApiParam({ name: 'reconciliation', type: String, format: 'uuid' })
  @Reads('One reconciliation', 'Reconciliation')
  async one(
    @Param('org', ORG) organization: OrganizationId,
    @Param('connection', CONNECTION) id: ConnectionId,
    @Param('reconciliation', RECONCILIATION) reconciliation: ReconciliationId,
  ) {
    return reconciliationView(
      await this.#reconciliations.get({ organization, id }, reconciliation),
    );
  }

  // eslint-disable-next-line max-params -- NestJS injects by parameter
  @Get('reconciliations/:reconciliation/people')
  @Needs('read')
  @ApiParam({ name: 'reconciliation', type: String, format: 'uuid' })
  @Lists('Who holds live tokens and was not on the roster', 'Finding')
  async people(
    @Param('org', ORG) organization: OrganizationId,
    @Param('connection', CONNECTION) id: ConnectionId,
    @Param('reconciliation', RECONCILIATION) reconciliation: ReconciliationId,
    @Query() query: PageQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { cursor, limit } = pageOf<Id<'user'>>(query);
    const page = { after: cursor, limit: limit + 1 };
    const found = await this.#reconciliations.people({ organization, id }, reconciliation, page);
    const items = found.slice(0, limit);
    const last = found.length > limit ? items.at(-1) : undefined;
    return answerPage(
      items.map(findingView),
      last === undefined ? null : cursorOf(last.user),
      reply,
    );
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- a body that is not there, as one that comes
async function* nothing(): AsyncIterable<Uint8Array> {
  yield new Uint8Array();
}
