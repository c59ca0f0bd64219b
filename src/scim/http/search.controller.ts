import { Controller, Header, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import type { Origin } from '../../deprovision/index.js';
import { MEDIA_TYPE } from '../present/errors.js';
import { presentPage } from '../present/lists.js';
import type { JsonObject } from '../present/user.js';
import { readSearchBody } from '../read/search-request.js';
import { ScimSearch } from '../search.js';
import type { Body } from '../users.js';
import { From, Json } from './incoming.decorator.js';
import { ScimGuard } from './scim.guard.js';
import { ScimRoot } from './scim-root.js';

/** Searches whose words do not stand in a URL, where logs would keep them (RFC 7644 §3.4.3). */
@Controller('scim/v2')
@UseGuards(ScimGuard)
export class SearchController {
  readonly #search: ScimSearch;
  readonly #root: ScimRoot;

  constructor(search: ScimSearch, root: ScimRoot) {
    this.#search = search;
    this.#root = root;
  }

  /** From the root, people are all there is. */
  @Post(['.search', 'Users/.search'])
  @RouteConfig({ unparsed: true })
  @HttpCode(200)
  @Header('content-type', MEDIA_TYPE)
  async search(
    @From() origin: Origin,
    @Req() request: FastifyRequest,
    @Json() body: Body,
  ): Promise<JsonObject> {
    const asked = readSearchBody(body());
    return presentPage(await this.#search.find(origin, asked), this.#root.of(request), asked);
  }
}
