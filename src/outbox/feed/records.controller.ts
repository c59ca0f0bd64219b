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
import { ApiBody, ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiParam } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HEADER } from '../../contract/topics.js';
import { signedHeaders } from '../../contract/signed-message.js';
import { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import { Transactions } from '../../kernel/tx.js';
import { RecordKeys } from '../../platform/crypto/key-ring.js';
import { GatewayDoor } from '../gateway-door.decorator.js';
import { callingGateway, GatewayKeyGuard } from '../gateway-key.guard.js';
import { findRecord } from '../postgres/find-feed-records.js';
import { ReceiptsIntake } from '../receipts-intake.js';

const SIGNED = Object.fromEntries(
  Object.values(HEADER).map((name) => [
    name,
    { description: 'As on the topic.', schema: { type: 'string' } as const },
  ]),
);
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
  @GatewayDoor('One record, with the bytes and the signature that it has on the topic', 404)
  @ApiParam({ name: 'digest', type: String })
  @ApiOkResponse({
    description: 'The value; its digest is the one that was asked for.',
    headers: SIGNED,
    content: { 'application/json': { schema: { type: 'object' } } },
  })
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
  @GatewayDoor('Hand in a receipt, as its topic would carry it', 400, 413)
  @ApiHeader({ name: 'ofs-type', required: true, enum: ['receipt'] })
  @ApiHeader({ name: 'ofs-kid', required: true })
  @ApiHeader({ name: 'ofs-sig', required: true })
  @ApiBody({ schema: { type: 'object' }, description: 'The signed bytes (docs/asyncapi.yaml).' })
  @ApiNoContentResponse({ description: 'Stored.' })
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
