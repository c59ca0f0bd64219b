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
  Res,
  UseGuards,
} from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Deprovision } from '../../deprovision/index.js';
import { Organizations, type Organization } from '../../directory/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { OrganizationId } from '../../kernel/ids.js';
import { Subjects } from '../subjects.js';
import {
  NewOrganization,
  OrganizationChanges,
  organizationView,
} from '../wire/organizations.dto.js';
import { PageQuery } from '../wire/queries.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Does, Lists, Reads, Takes } from './answers.decorator.js';
import { Caller, type Calling } from './caller.decorator.js';
import { liftHold } from './holds.js';
import { ORG } from './id.pipe.js';
import { Needs } from './needs.decorator.js';
import { answerListed, pageOf } from './paging.js';

@ApiTags('organizations')
@UseGuards(AdminGuard)
@Controller('v1/organizations')
export class OrganizationsController {
  readonly #organizations: Organizations;
  readonly #subjects: Subjects;
  readonly #deprovision: Deprovision;

  constructor(organizations: Organizations, subjects: Subjects, deprovision: Deprovision) {
    this.#organizations = organizations;
    this.#subjects = subjects;
    this.#deprovision = deprovision;
  }

  @Post()
  @Needs('own', 'installation')
  @Takes('Make an organization', 201, 'Organization')
  async create(@Body() body: NewOrganization, @Caller() caller: Calling) {
    // Nobody can have held it yet, and a second trip that fails would have it made twice.
    return organizationView(await this.#organizations.create(body.name, caller.asking), []);
  }

  @Get()
  @Needs('read', 'anywhere')
  @Lists('The organizations that the key may see, newest first', 'Organization')
  async list(
    @Query() query: PageQuery,
    @Caller() caller: Calling,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const own = caller.principal.organization;
    const { items, next } =
      own === null
        ? await this.#organizations.list(pageOf<OrganizationId>(query))
        : { items: [await this.#existing(own)], next: null };
    const held = { items: await this.#subjects.held(items), next };
    return answerListed(held, ({ it, holds }) => organizationView(it, holds), reply);
  }

  @Get(':org')
  @Needs('read')
  @ApiParam({ name: 'org', type: String, format: 'uuid' })
  @Reads('One organization', 'Organization')
  async one(@Param('org', ORG) org: OrganizationId) {
    return this.#view(await this.#existing(org));
  }

  @Patch(':org')
  @Needs('own')
  @ApiParam({ name: 'org', type: String, format: 'uuid' })
  @Takes('Change the settings of an organization', 200, 'Organization')
  async change(
    @Param('org', ORG) org: OrganizationId,
    @Body() body: OrganizationChanges,
    @Caller() caller: Calling,
  ) {
    const change = {
      ...(body.name == null ? {} : { name: body.name }),
      ...(body.allow_ownerless == null ? {} : { allowOwnerless: body.allow_ownerless }),
      ...(body.policy === undefined ? {} : { policy: body.policy }),
    };
    return this.#view(await this.#organizations.change(org, change, caller.asking));
  }

  @Delete(':org/holds/:hold')
  @HttpCode(204)
  @Needs('operate')
  @ApiParam({ name: 'org', type: String, format: 'uuid' })
  @ApiParam({ name: 'hold', type: String })
  @Does('Lift one hold of the whole organization by hand')
  async lift(
    @Param('org', ORG) org: OrganizationId,
    @Param('hold') name: string,
    @Caller() caller: Calling,
  ): Promise<void> {
    await liftHold(this.#deprovision, org, { scope: 'org', id: org, name }, caller);
  }

  async #view(organization: Organization) {
    const [held] = await this.#subjects.held([organization]);
    if (held === undefined) throw new Error('a list of one became empty');
    return organizationView(held.it, held.holds);
  }

  async #existing(org: OrganizationId) {
    const organization = await this.#organizations.get(org);
    if (organization === null) throw new DomainError('organization.unknown');
    return organization;
  }
}
