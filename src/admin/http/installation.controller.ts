import { Body, Controller, Delete, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { GatewayId } from '../../kernel/ids.js';
import { Gateways } from '../../outbox/index.js';
import { KidRevocations } from '../kid-revocations.js';
import { KidRevocationBody } from '../wire/cases.dto.js';
import { NewGatewayBody } from '../wire/gateways.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Does, Lists, Takes } from './answers.decorator.js';
import { Caller, type Calling } from './caller.decorator.js';
import { orUnknown } from './id.pipe.js';
import { Needs } from './needs.decorator.js';

/** What belongs to no organization: only keys of the installation come here. */
@ApiTags('installation')
@UseGuards(AdminGuard)
@Controller('v1')
export class InstallationController {
  readonly #gateways: Gateways;
  readonly #kids: KidRevocations;

  constructor(gateways: Gateways, kids: KidRevocations) {
    this.#gateways = gateways;
    this.#kids = kids;
  }

  @Post('gateways')
  @Needs('own', 'installation')
  @Takes('Register a gateway. Its key is shown once', 201, 'NewGateway', 409)
  register(@Body() body: NewGatewayBody, @Caller() caller: Calling) {
    return this.#gateways.register(body.name, caller.asking);
  }

  @Get('gateways')
  @Needs('read', 'installation')
  @Lists('Gateways and their processes', 'Gateway')
  async list() {
    return { items: await this.#gateways.list() };
  }

  @Delete('gateways/:gateway')
  @HttpCode(204)
  @Needs('own', 'installation')
  @ApiParam({ name: 'gateway', type: String, format: 'uuid' })
  @Does('Remove a gateway: its key opens nothing from now on')
  async remove(
    @Param('gateway', orUnknown('gateway.unknown')) id: GatewayId,
    @Caller() caller: Calling,
  ): Promise<void> {
    await this.#gateways.remove(id, caller.asking);
  }

  @Post('revocations')
  @Needs('operate', 'installation', { urgent: true })
  @Takes('Revoke a signing key: no gateway accepts its tokens any more', 201, 'Case')
  revoke(@Body() { subject, reason }: KidRevocationBody, @Caller() caller: Calling) {
    return this.#kids.order(
      { kid: subject.id, reason, receivedAt: caller.receivedAt },
      caller.asking,
    );
  }
}
