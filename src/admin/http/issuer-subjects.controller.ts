import { Body, Controller, Delete, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { IssuerSubjects, type IssuerSubjectId } from '../../directory/index.js';
import type { OrganizationId, UserId } from '../../kernel/ids.js';
import { Subjects } from '../subjects.js';
import { issuerSubjectView, NewIssuerSubjectBody } from '../wire/issuer-subjects.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Does, Lists, Takes } from './answers.decorator.js';
import { Caller, type Calling } from './caller.decorator.js';
import { ORG, orUnknown } from './id.pipe.js';
import { Needs } from './needs.decorator.js';

const USER = orUnknown('user.unknown');

/** What issuers of tokens call people, where SCIM brings no name that is their `sub`. */
@ApiTags('users')
@ApiParam({ name: 'org', type: String, format: 'uuid' })
@ApiParam({ name: 'user', type: String, format: 'uuid' })
@UseGuards(AdminGuard)
@Controller('v1/organizations/:org/users/:user/subjects')
export class IssuerSubjectsController {
  readonly #issuerSubjects: IssuerSubjects;
  readonly #subjects: Subjects;

  constructor(issuerSubjects: IssuerSubjects, subjects: Subjects) {
    this.#issuerSubjects = issuerSubjects;
    this.#subjects = subjects;
  }

  @Post()
  @Needs('operate')
  @Takes(
    'Say what an issuer calls this user: revocations end its tokens too',
    201,
    'IssuerSubject',
    409,
  )
  async add(
    @Param('org', ORG) organization: OrganizationId,
    @Param('user', USER) user: UserId,
    @Body() { issuer, sub }: NewIssuerSubjectBody,
    @Caller() caller: Calling,
  ) {
    const subject = { organization, user, issuer, sub };
    return issuerSubjectView(await this.#issuerSubjects.add(subject, caller.asking));
  }

  @Get()
  @Needs('read')
  @Lists('What was said here; what resources of SCIM say stands in them', 'IssuerSubject')
  async list(@Param('org', ORG) organization: OrganizationId, @Param('user', USER) user: UserId) {
    await this.#subjects.user(organization, user);
    const found = await this.#issuerSubjects.list(organization, user);
    return { items: found.map(issuerSubjectView) };
  }

  @Delete(':subject')
  @HttpCode(204)
  @Needs('operate')
  @ApiParam({ name: 'subject', type: String, format: 'uuid' })
  @Does('Take it back. It is revoked for a day more: tokens may still live')
  async remove(
    @Param('org', ORG) organization: OrganizationId,
    @Param('user', USER) user: UserId,
    @Param('subject', orUnknown('subject.unknown')) id: IssuerSubjectId,
    @Caller() caller: Calling,
  ): Promise<void> {
    await this.#issuerSubjects.remove({ organization, user, id }, caller.asking);
  }
}
