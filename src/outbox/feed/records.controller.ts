import {
  Controller,
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { signedHeaders } from '../../contract/signed-message.js';
import { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import { Transactions } from '../../kernel/tx.js';
import { RecordKeys } from '../../platform/crypto/key-ring.js';
import { callingGateway, GatewayKeyGuard } from '../gateway-key.guard.js';
import { findRecord } from '../postgres/find-feed-records.js';
import { ReceiptsIntake } from '../receipts-intake.js';

const DIGEST = /^[A-Za-z0-9_-]{43}$/;

/** What the topics would carry, one by one: a record that did not come, and a receipt. */
@Controller('v1')
@UseGuards(GatewayKeyGuard)
export class RecordsController {
  readonly #transactions: Transactions;
  readonly #keys: RecordKeys;
  readonly #intake: ReceiptsIntake;
  readonly #clock: Clock;

  constructor(
    @Inject(Transactions) transactions: Transactions,
    @Inject(RecordKeys) keys: RecordKeys,
    @Inject(ReceiptsIntake) intake: ReceiptsIntake,
    @Inject(Clock) clock: Clock,
  ) {
    this.#transactions = transactions;
    this.#keys = keys;
    this.#intake = intake;
    this.#clock = clock;
  }

  @Get('revocations/records/:digest')
  async record(@Param('digest') digest: string, @Res() reply: FastifyReply): Promise<void> {
    const value = DIGEST.test(digest)
      ? await this.#transactions.read('service', (tx) => findRecord(tx, digest))
      : null;
    if (value === null) throw new DomainError('record.unknown');
    await reply
      .headers(signedHeaders('revocation', value, this.#keys.sign))
      .type('application/json; charset=utf-8')
      .send(Buffer.from(value));
  }

  @Post('gateways/self/receipts')
  @HttpCode(204)
  async receipt(@Req() request: FastifyRequest): Promise<void> {
    const key = callingGateway.get(request);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers))
      if (name.startsWith('ofs-') && typeof value === 'string') headers[name] = value;
    const value = request.rawBody ?? Buffer.alloc(0);
    const taken = await this.#intake.take([{ key, value, headers, storedAt: this.#clock.now() }]);
    if (taken === 0) throw new DomainError('receipt.refused', 'it is not what this process signed');
  }
}
