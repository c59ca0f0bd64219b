import { Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ConnectionTraffic } from '../directory/index.js';
import type { Answer } from './providers.js';
import { namedIn } from './read/named.js';
import type { Reading } from './read/reading.js';
import { Webhooks, type Delivered } from './webhooks.js';

/** A signature is over the whole delivery, so all of it is read for anybody. A single event takes some 5 KB. */
const DELIVERY_BYTES = 524_288;

@Controller('webhooks/:connection')
export class WebhooksController {
  readonly #webhooks: Webhooks;
  readonly #traffic: ConnectionTraffic;

  constructor(webhooks: Webhooks, traffic: ConnectionTraffic) {
    this.#webhooks = webhooks;
    this.#traffic = traffic;
  }

  @Get()
  async challenge(
    @Param('connection') connection: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer['body'] | undefined> {
    const delivered = deliveredBy(request, connection, this.#traffic);
    return say(reply, await this.#webhooks.challenge(delivered));
  }

  /** Whoever sent it is proven over the bytes as they came: they are read afterwards, whatever type they claim. */
  @Post()
  @RouteConfig({ unparsed: true, bodyLimitBytes: DELIVERY_BYTES })
  async take(
    @Param('connection') connection: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer['body'] | undefined> {
    const delivered = deliveredBy(request, connection, this.#traffic);
    return say(reply, await this.#webhooks.take(delivered));
  }
}

function deliveredBy(
  request: FastifyRequest,
  connection: string,
  traffic: ConnectionTraffic,
): Delivered {
  const { rawHeaders } = request.raw;
  const { id: requestId, receivedAt: at, method } = request;
  let said: readonly Reading[] | null = null;
  return {
    connection,
    requestId,
    receivedAt: at,
    from: request.ip,
    body: request.rawBody ?? new Uint8Array(),
    // Node joins repeated fields into one text, or drops some; here a repetition must be seen.
    header: (name) =>
      rawHeaders.filter(
        (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name,
      ),
    isFrom: ({ organization, connection: proven }) => {
      request.whenAnswered = ({ status, code, ms }) => {
        const readings = said;
        traffic.note({
          ...{ requestId, at, method, status, code, ms },
          sender: { organization, connection: proven, secret: null },
          route: request.routeOptions.url ?? '',
          operation: method === 'GET' ? 'challenge' : 'signals',
          named: readings === null ? null : () => namedIn(readings),
        });
      };
    },
    says: (readings) => {
      said = readings;
    },
  };
}

function say(reply: FastifyReply, { status, body }: Answer): Answer['body'] | undefined {
  void reply.code(status);
  return body ?? undefined;
}
