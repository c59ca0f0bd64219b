import { Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Answer } from './providers.js';
import { Webhooks, type Delivered } from './webhooks.js';

/** A signature is over the whole delivery, so all of it is read for anybody. A single event takes some 5 KB. */
const DELIVERY_BYTES = 524_288;

@Controller('webhooks/:connection')
export class WebhooksController {
  readonly #webhooks: Webhooks;

  constructor(webhooks: Webhooks) {
    this.#webhooks = webhooks;
  }

  @Get()
  async challenge(
    @Param('connection') connection: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer['body'] | undefined> {
    return say(reply, await this.#webhooks.challenge(deliveredBy(request, connection)));
  }

  /** Whoever sent it is proven over the bytes as they came: they are read afterwards, whatever type they claim. */
  @Post()
  @RouteConfig({ unparsed: true, bodyLimitBytes: DELIVERY_BYTES })
  async take(
    @Param('connection') connection: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer['body'] | undefined> {
    return say(reply, await this.#webhooks.take(deliveredBy(request, connection)));
  }
}

function deliveredBy(request: FastifyRequest, connection: string): Delivered {
  const { rawHeaders } = request.raw;
  return {
    connection,
    requestId: request.id,
    receivedAt: request.receivedAt,
    body: request.rawBody ?? new Uint8Array(),
    // Node joins repeated fields into one text, or drops some; here a repetition must be seen.
    header: (name) =>
      rawHeaders.filter(
        (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name,
      ),
  };
}

function say(reply: FastifyReply, { status, body }: Answer): Answer['body'] | undefined {
  void reply.code(status);
  return body ?? undefined;
}
