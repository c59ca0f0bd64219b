import { Body, Controller, Get, Param, Put, Query, Res, UseGuards } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Rosters } from '../../deprovision/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { OrganizationId } from '../../kernel/ids.js';
import { PageQuery } from '../wire/queries.dto.js';
import { ConfirmationBody, rosterDemandView } from '../wire/rosters.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Lists, Takes } from './answers.decorator.js';
import { Caller, type Calling } from './caller.decorator.js';
import { ORG } from './id.pipe.js';
import { Needs } from './needs.decorator.js';
import { answerListed, answerPage, pageOf } from './paging.js';

/** What a recovery of the database has left to people: to see that everybody is there again whom IdPs know. */
@ApiTags('recovery')
@UseGuards(AdminGuard)
@Controller('v1')
export class RostersController {
  readonly #rosters: Rosters;

  constructor(rosters: Rosters) {
    this.#rosters = rosters;
  }

  @Get('roster-demands')
  @Needs('read', 'installation')
  @Lists('Organizations whose roster is still demanded after a recovery', 'RosterDemand')
  async open(@Query() query: PageQuery, @Res({ passthrough: true }) reply: FastifyReply) {
    const listed = await this.#rosters.open(pageOf<OrganizationId>(query));
    return answerListed(listed, rosterDemandView, reply);
  }

  @Get('organizations/:org/roster-demands')
  @Needs('read')
  @ApiParam({ name: 'org', type: String, format: 'uuid' })
  @Lists('What recoveries have demanded of one organization, the last one first', 'RosterDemand')
  async of(
    @Param('org', ORG) org: OrganizationId,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const demands = await this.#rosters.of(org);
    return answerPage(demands.map(rosterDemandView), null, reply);
  }

  @Put('organizations/:org/roster-demands/:epoch/confirmation')
  @Needs('operate')
  @ApiParam({ name: 'org', type: String, format: 'uuid' })
  @ApiParam({ name: 'epoch', type: 'integer' })
  @Takes('Confirm that all IdPs have said who is there since a recovery', 200, 'RosterDemand')
  async confirm(
    @Param('org', ORG) organization: OrganizationId,
    @Param('epoch') epoch: string,
    @Body() { reason }: ConfirmationBody,
    @Caller() { asking }: Calling,
  ) {
    if (!/^[1-9]\d{0,14}$/.test(epoch)) throw new DomainError('roster.unknown');
    const roster = { organization, epoch: Number(epoch) };
    return rosterDemandView(await this.#rosters.confirm(roster, reason, asking));
  }
}
