import { Controller, Delete, Get, HttpCode, Param, Query, Res, UseGuards } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Deprovision } from '../../deprovision/index.js';
import type { OrganizationId, UserId } from '../../kernel/ids.js';
import { Subjects } from '../subjects.js';
import { UsersQuery } from '../wire/queries.dto.js';
import { userView } from '../wire/users.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Does, Lists, Reads } from './answers.decorator.js';
import { Caller, type Calling } from './caller.decorator.js';
import { liftHold } from './holds.js';
import { ORG, orUnknown } from './id.pipe.js';
import { Needs } from './needs.decorator.js';
import { answerListed, pageOf } from './paging.js';

const USER = orUnknown('user.unknown');

@ApiTags('users')
@ApiParam({ name: 'org', type: String, format: 'uuid' })
@UseGuards(AdminGuard)
@Controller('v1/organizations/:org/users')
export class UsersController {
  readonly #subjects: Subjects;
  readonly #deprovision: Deprovision;

  constructor(subjects: Subjects, deprovision: Deprovision) {
    this.#subjects = subjects;
    this.#deprovision = deprovision;
  }

  @Get()
  @Needs('read')
  @Lists('Users, newest first', 'User')
  async list(
    @Param('org', ORG) organization: OrganizationId,
    @Query() query: UsersQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const filter = {
      ...(query.user_name === undefined ? {} : { userName: query.user_name }),
      ...(query.external_id === undefined ? {} : { externalId: query.external_id }),
      ...(query.email === undefined ? {} : { email: query.email }),
    };
    const { items, next } = await this.#subjects.users(organization, filter, pageOf<UserId>(query));
    const views = items.map(({ it, report }) => userView(organization, it, report));
    return answerListed({ items: views, next }, (view) => view, reply);
  }

  @Get(':user')
  @Needs('read')
  @ApiParam({ name: 'user', type: String, format: 'uuid' })
  @Reads('One user, with devices, holds and live tokens', 'User')
  async one(@Param('org', ORG) organization: OrganizationId, @Param('user', USER) id: UserId) {
    const { it, report } = await this.#subjects.user(organization, id);
    return userView(organization, it, report);
  }

  @Delete(':user/holds/:hold')
  @HttpCode(204)
  @Needs('operate')
  @ApiParam({ name: 'user', type: String, format: 'uuid' })
  @ApiParam({ name: 'hold', type: String })
  @Does('Lift one hold by hand')
  async lift(
    @Param('org', ORG) organization: OrganizationId,
    @Param('user', USER) id: UserId,
    @Param('hold') name: string,
    @Caller() caller: Calling,
  ): Promise<void> {
    await liftHold(this.#deprovision, organization, { scope: 'user', id, name }, caller);
  }
}
