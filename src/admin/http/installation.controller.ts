import { Body, Controller, Delete, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { CaseId, GatewayId } from '../../kernel/ids.js';
import { Gateways } from '../../outbox/index.js';
import { CaseWaits } from '../case-waits.js';
import { KidRevocations } from '../kid-revocations.js';
import { KidRevocationBody } from '../wire/cases.dto.js';
import { NewGatewayBody } from '../wire/gateways.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Does, Lists, Revokes, Takes } from './answers.decorator.js';
import { Caller, type Calling } from './caller.decorator.js';
import { orUnknown } from './id.pipe.js';
import { Needs } from './needs.decorator.js';
import { waitAsPreferred } from './waiting.js';
import { Wished, type Wishes } from './wishes.decorator.js';

/** What belongs to no organization: only keys of the installation come here. */
@ApiTags('installation')
@UseGuards(AdminGuard)
@Controller('v1')
export class InstallationController {
  readonly #gateways: Gateways;
  readonly #kids: KidRevocations;
  readonly #waits: CaseWaits;

  constructor(gateways: Gateways, kids: KidRevocations, waits: CaseWaits) {
    this.#waits = waits;
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

  @Delete('gateways/:gateway/processes/:boot')
  @HttpCode(204)
  @Needs('operate', 'installation')
  @ApiParam({ name: 'gateway', type: String, format: 'uuid' })
  @ApiParam({ name: 'boot', type: String, format: 'uuid' })
  @Does('Say that a process of a gateway is gone: it counts for no case from now on', 409)
  async declareGone(
    @Param('gateway', orUnknown('gateway.process_unknown')) gateway: GatewayId,
    @Param('boot', orUnknown('gateway.process_unknown')) boot: string,
    @Caller() caller: Calling,
  ): Promise<void> {
    await this.#gateways.declareGone({ gateway, boot }, caller.asking);
  }

  @Post('revocations')
  @Needs('operate', 'installation', { urgent: true })
  @Revokes('Revoke a signing key: no gateway accepts its tokens any more')
  async revoke(
    @Body() { subject, reason }: KidRevocationBody,
    @Caller() caller: Calling,
    @Wished() wishes: Wishes,
  ) {
    const order = { kid: subject.id, reason, receivedAt: caller.receivedAt };
    const seen = await this.#kids.order(order, caller.asking);
    const name = { organization: null, id: seen.id as CaseId };
    return waitAsPreferred(this.#waits, { name, seen, wishes });
  }
}
