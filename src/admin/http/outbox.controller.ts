import { Controller, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { RefusedRecords } from '../../outbox/index.js';
import { AdminGuard } from './admin.guard.js';
import { Does, Lists } from './answers.decorator.js';
import { Caller, type Calling } from './caller.decorator.js';
import { Needs } from './needs.decorator.js';

/** Records that the broker refused. The queue is the installation's: only its keys come here. */
@ApiTags('installation')
@UseGuards(AdminGuard)
@Controller('v1/outbox/refused')
export class OutboxController {
  readonly #refused: RefusedRecords;

  constructor(refused: RefusedRecords) {
    this.#refused = refused;
  }

  @Get()
  @Needs('read', 'installation')
  @Lists(
    'Records that the broker refused and has not taken since, the oldest first',
    'RefusedRecord',
  )
  async list() {
    return { items: await this.#refused.list() };
  }

  @Post(':digest/retry')
  @HttpCode(204)
  @Needs('operate', 'installation')
  @ApiParam({ name: 'digest', type: String })
  @Does('Queue a refused record again. It is sent within seconds, or refused once more')
  async retry(@Param('digest') digest: string, @Caller() caller: Calling): Promise<void> {
    await this.#refused.retry(digest, caller.asking);
  }
}
