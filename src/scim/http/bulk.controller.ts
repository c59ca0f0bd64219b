import { Controller, Get, Param, Post, Res, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import type { Origin } from '../../deprovision/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { readId } from '../../kernel/ids.js';
import { preferredWait, prefersAsync } from '../../platform/http/prefer-wait.js';
import { mayWait, ScimBulk } from '../bulk.js';
import { BulkJobs } from '../jobs/bulk-jobs.js';
import { presentBulk, type Told } from '../present/bulk.js';
import { MEDIA_TYPE, refusedWith } from '../present/errors.js';
import type { JsonObject } from '../present/projected.js';
import { MAX_BULK_BYTES } from '../read/bulk.js';
import type { Body } from '../users.js';
import { From, Json } from './incoming.decorator.js';
import { ScimGuard } from './scim.guard.js';
import { ScimRoot } from './scim-root.js';

/** Within what any request has. */
const LONGEST_WAIT_S = 20;

/** Many changes in one request (RFC 7644 §3.7), at once or later (RFC 9967 §2.5.1). */
@Controller('scim/v2/Bulk')
@UseGuards(ScimGuard)
export class BulkController {
  readonly #bulk: ScimBulk;
  readonly #jobs: BulkJobs;
  readonly #root: ScimRoot;

  constructor(bulk: ScimBulk, jobs: BulkJobs, root: ScimRoot) {
    this.#bulk = bulk;
    this.#jobs = jobs;
    this.#root = root;
  }

  @Post()
  @RouteConfig({ unparsed: true, bodyLimitBytes: MAX_BULK_BYTES })
  async perform(
    @From() origin: Origin,
    @Json() body: Body,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject | undefined> {
    const request = await this.#bulk.read(origin, body);
    const { prefer } = reply.request.headers as { readonly prefer?: string };
    const { interop } = body;
    const isLater =
      prefersAsync(prefer) &&
      mayWait(request) &&
      (await this.#jobs.accept(origin, { body: body(), interop }));
    if (!isLater) return this.#told(reply, await this.#bulk.perform(origin, request, interop));
    const seconds = Math.min(preferredWait(prefer) ?? 0, LONGEST_WAIT_S);
    const told = await this.#outcomeWithin(origin, seconds);
    if (told !== null) return this.#told(reply, told);
    this.#goesOn(reply, origin.requestId);
    return undefined;
  }

  /** What became of one that was put off; 202 until it is done. */
  @Get(':id')
  async look(
    @From() origin: Origin,
    @Param('id') text: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject | undefined> {
    const id = readId(text);
    const told = id === null ? null : await this.#jobs.look(origin, id);
    if (id === null || told === null)
      throw new DomainError('resource.unknown', 'this connection has no bulk request with this id');
    if (told !== 'open') return this.#told(reply, told);
    void reply.code(202).header('set-txn', id).header('retry-after', '1');
    return undefined;
  }

  /** Null when there is none yet, or it cannot be had: the request stands all the same. */
  async #outcomeWithin(origin: Origin, seconds: number): Promise<readonly Told[] | null> {
    if (seconds === 0) return null;
    try {
      const told = await this.#jobs.await(origin, origin.requestId, seconds);
      return told === 'open' ? null : told;
    } catch (error) {
      if (error instanceof DomainError) return null;
      throw error;
    }
  }

  /** The request has been committed: from here it will be done, whatever happens to us. */
  #goesOn(reply: FastifyReply, id: string): void {
    void reply
      .code(202)
      .header('set-txn', id)
      .header('preference-applied', 'respond-async')
      .header('location', `${this.#root.of(reply.request)}/Bulk/${id}`);
  }

  #told(reply: FastifyReply, told: readonly Told[]): JsonObject {
    void reply.code(200).header('content-type', MEDIA_TYPE);
    return presentBulk(told, this.#root.of(reply.request), refusedWith);
  }
}
