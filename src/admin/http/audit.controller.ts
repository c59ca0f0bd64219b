import { Controller, Get, Param, Query, Res, UseGuards } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AuditQuery, type LogId } from '../../audit/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { OrganizationId } from '../../kernel/ids.js';
import { Transactions } from '../../kernel/tx.js';
import { Installation } from '../../platform/installation/installation.js';
import { EventsQuery } from '../wire/queries.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Lists } from './answers.decorator.js';
import { ORG } from './id.pipe.js';
import { Needs } from './needs.decorator.js';
import { answerPage, limitOf } from './paging.js';

@ApiTags('audit')
@UseGuards(AdminGuard)
@Controller('v1')
export class AuditController {
  readonly #query: AuditQuery;
  readonly #transactions: Transactions;
  readonly #installation: Installation;

  constructor(query: AuditQuery, transactions: Transactions, installation: Installation) {
    this.#query = query;
    this.#transactions = transactions;
    this.#installation = installation;
  }

  @Get('organizations/:org/audit/events')
  @Needs('read')
  @ApiParam({ name: 'org', type: String, format: 'uuid' })
  @Lists('The audit log of the organization, newest first', 'AuditEvent')
  list(
    @Param('org', ORG) organization: OrganizationId,
    @Query() query: EventsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.#page(organization, query, reply);
  }

  @Get('audit/events')
  @Needs('read', 'installation')
  @Lists('The audit log of the installation itself, newest first', 'AuditEvent')
  listHere(@Query() query: EventsQuery, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.#page(this.#installation.id, query, reply);
  }

  async #page(log: LogId, query: EventsQuery, reply: FastifyReply) {
    const filter = {
      since: timeOf('since', query.since),
      until: timeOf('until', query.until),
      actor: query.actor,
      action: query.action,
      case: query.case,
    };
    const page = { cursor: query.cursor ?? null, limit: limitOf(query) };
    const { items, next } = await this.#transactions.read('service', (tx) =>
      this.#query.list(tx, log, filter, page),
    );
    return answerPage(items, next, reply);
  }
}

/** @throws DomainError `request.invalid_value` for a day that no calendar has */
function timeOf(name: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const at = new Date(text);
  if (Number.isNaN(at.getTime()))
    throw new DomainError('request.invalid_value', `${name}: must be a time as RFC 3339 has it`);
  return at;
}
