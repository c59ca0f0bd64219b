import { Controller, Header, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import type { Origin } from '../../deprovision/index.js';
import { refusalOf } from '../../platform/http/refusal.js';
import { ScimBulk } from '../bulk.js';
import { presentBulk } from '../present/bulk.js';
import { MEDIA_TYPE, scimError } from '../present/errors.js';
import type { JsonObject } from '../present/projected.js';
import { MAX_BULK_BYTES } from '../read/bulk.js';
import type { Body } from '../users.js';
import { From, Json } from './incoming.decorator.js';
import { ScimGuard } from './scim.guard.js';
import { ScimRoot } from './scim-root.js';

/** Many changes in one request (RFC 7644 §3.7). */
@Controller('scim/v2/Bulk')
@UseGuards(ScimGuard)
export class BulkController {
  readonly #bulk: ScimBulk;
  readonly #root: ScimRoot;

  constructor(bulk: ScimBulk, root: ScimRoot) {
    this.#bulk = bulk;
    this.#root = root;
  }

  @Post()
  @RouteConfig({ unparsed: true, bodyLimitBytes: MAX_BULK_BYTES })
  @HttpCode(200)
  @Header('content-type', MEDIA_TYPE)
  async perform(
    @From() origin: Origin,
    @Req() request: FastifyRequest,
    @Json() body: Body,
  ): Promise<JsonObject> {
    const performed = await this.#bulk.perform(origin, body);
    return presentBulk(performed, this.#root.of(request), (error) => {
      const { status, code, detail } = refusalOf(error);
      return scimError(status, code, detail);
    });
  }
}
