import { Readable } from 'node:stream';
import { createGzip, constants } from 'node:zlib';
import { Controller, Get, Headers, Inject, Req, Res, UseGuards } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import { AnswersEvents, GatewayDoor } from '../gateway-door.decorator.js';
import { callingGateway, GatewayKeyGuard } from '../gateway-key.guard.js';
import { FeedReader } from './feed-reader.js';
import { EVENT_STREAM, ResponseFollower } from './response-follower.js';
import { Snapshots } from './snapshots.js';

/** Named, and not with `q=0` (RFC 9110 §12.5.3). */
const GZIP = /(?:^|,)\s*gzip\s*(?:,|$|;\s*q=(?!0(?:\.0*)?\s*(?:,|$)))/i;

/** What gateways follow over HTTP: always, or while Kafka is away. */
@Controller('v1/revocations')
@UseGuards(GatewayKeyGuard)
export class FeedController {
  readonly #snapshots: Snapshots;
  readonly #reader: FeedReader;
  readonly #clock: Clock;

  constructor(
    @Inject(Snapshots) snapshots: Snapshots,
    @Inject(FeedReader) reader: FeedReader,
    @Inject(Clock) clock: Clock,
  ) {
    this.#snapshots = snapshots;
    this.#reader = reader;
    this.#clock = clock;
  }

  @Get('snapshot')
  @GatewayDoor('Every record of the window, in signed parts')
  @AnswersEvents('`revocation` and `snapshot` events; the last part has the position as its id.')
  @ApiResponse({ status: 304, description: 'Nothing has come since `If-None-Match`.' })
  @ApiHeader({ name: 'If-None-Match', required: false, description: 'The ETag: a position.' })
  async snapshot(
    @Headers('if-none-match') known: string | undefined,
    @Headers('accept-encoding') encodings: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const [, position = null] = /^(?:W\/)?"([^"]+)"$/.exec(known ?? '') ?? [];
    const snapshot = await this.#snapshots.take(position);
    if (snapshot === null) {
      await reply.code(304).header('etag', `"${position}"`).send();
      return;
    }
    const text = Readable.from(snapshot.text, { objectMode: false, highWaterMark: 1 });
    void reply
      .header('etag', `"${snapshot.position}"`)
      .header('vary', 'accept-encoding')
      .type(EVENT_STREAM);
    if (!GZIP.test(encodings ?? '')) return reply.send(text);
    const gzip = createGzip({ level: constants.Z_BEST_SPEED });
    text.on('error', (error) => gzip.destroy(error));
    gzip.on('close', () => text.destroy());
    await reply.header('content-encoding', 'gzip').send(text.pipe(gzip));
  }

  @Get('stream')
  @GatewayDoor('What comes after a position, as it comes', 400, 409)
  @AnswersEvents(
    '`revocation` and `snapshot` events, a part each second at least. It does not end.',
  )
  @ApiHeader({ name: 'Last-Event-ID', required: true, description: 'The position to go on from.' })
  async stream(
    @Headers('last-event-id') position: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (position === undefined)
      throw new DomainError('request.invalid_value', 'Last-Event-ID: the position of a snapshot');
    const follower = new ResponseFollower(callingGateway.get(request), reply, this.#clock);
    reply.raw.once('close', () => {
      this.#reader.leave(follower);
    });
    await this.#reader.follow(position, follower);
    follower.open();
  }
}
