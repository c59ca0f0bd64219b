import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Put,
  Res,
  UseGuards,
} from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Deprovision } from '../../deprovision/index.js';
import { Groups } from '../../directory/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { GroupId, OrganizationId } from '../../kernel/ids.js';
import {
  AccessGroupBody,
  accessGroupView,
  addedAccessGroupView,
} from '../wire/access-groups.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Does, Lists, Takes } from './answers.decorator.js';
import { Caller, operatorOf, type Calling } from './caller.decorator.js';
import { ORG, orUnknown } from './id.pipe.js';
import { Needs } from './needs.decorator.js';
import { answerPage } from './paging.js';

const GROUP = orUnknown('group.unknown');

/** From which groups of its IdPs an organization has access to devices come. */
@ApiTags('access groups')
@ApiParam({ name: 'org', type: String, format: 'uuid' })
@UseGuards(AdminGuard)
@Controller('v1/organizations/:org/access-groups')
export class AccessGroupsController {
  readonly #deprovision: Deprovision;
  readonly #groups: Groups;

  constructor(deprovision: Deprovision, groups: Groups) {
    this.#deprovision = deprovision;
    this.#groups = groups;
  }

  @Get()
  @Needs('read')
  @Lists('Groups that access comes from, also those that their IdP has deleted', 'AccessGroup')
  async list(
    @Param('org', ORG) organization: OrganizationId,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const groups = await this.#groups.givingAccess(organization);
    return answerPage(groups.map(accessGroupView), null, reply);
  }

  @Put(':group')
  @Needs('own', 'organization', { urgent: true })
  @ApiParam({ name: 'group', type: String, format: 'uuid' })
  @Takes('Have access come from a group of a SCIM connection', 200, 'AddedAccessGroup')
  async add(
    @Param('org', ORG) organization: OrganizationId,
    @Param('group', GROUP) group: GroupId,
    @Body() body: AccessGroupBody,
    @Caller() caller: Calling,
  ) {
    const order = { ...operatorOf(organization, caller), group, apply: body.apply ?? false };
    const report = await this.#deprovision.admitGroup(order);
    const all = await this.#groups.givingAccess(organization);
    const added = all.find(({ id }) => id === group);
    if (report === null || added === undefined) throw new DomainError('group.unknown');
    return addedAccessGroupView(added, report);
  }

  @Delete(':group')
  @HttpCode(204)
  @Needs('own')
  @ApiParam({ name: 'group', type: String, format: 'uuid' })
  @Does('Have access no longer come from a group. Nobody loses it by that; holds stay')
  async remove(
    @Param('org', ORG) organization: OrganizationId,
    @Param('group', GROUP) group: GroupId,
    @Caller() caller: Calling,
  ): Promise<void> {
    const operator = operatorOf(organization, caller);
    if (!(await this.#deprovision.dismissGroup(operator, group)))
      throw new DomainError('access_group.unknown');
  }
}
