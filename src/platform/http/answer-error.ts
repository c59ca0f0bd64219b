import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../../kernel/domain-error.js';
import type { Log } from '../log/log.js';
import {
  problems,
  type ErrorContext,
  type ErrorRenderer,
  type ErrorRenderers,
  type RenderedError,
} from './error-renderers.js';
import { refusalOf, type Refusal } from './refusal.js';
import type { RouteTable } from './route-table.js';
import { secure } from './secure.js';

/** The one place where an error becomes an HTTP answer, whoever threw it: a room, NestJS or Fastify. */
export class ErrorAnswers {
  readonly #renderers: ErrorRenderers;
  readonly #routes: RouteTable;
  readonly #log: Log;

  constructor(renderers: ErrorRenderers, routes: RouteTable, log: Log) {
    this.#renderers = renderers;
    this.#routes = routes;
    this.#log = log;
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const renderer = this.#renderers.forUrl(request.url);
    const refusal = this.#refusal(error, request);
    const answer = this.#render(renderer, refusal, { requestId: request.id, error });
    if (refusal.status >= 500 && !renderer.knows(error))
      this.#log.error('a request failed', {
        request_id: request.id,
        method: request.method,
        route: request.routeOptions.url ?? null,
        code: refusal.code,
        error,
      });
    request.refusedWith = refusal.code;
    // The answer has begun: all that is left is to break it off, so that nobody takes it for a whole one.
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    secure(reply, request);
    void reply
      .code(answer.status)
      .headers({ ...answer.headers, 'content-type': answer.mediaType })
      .send(JSON.stringify(answer.body));
  }

  /** A renderer that fails must not hand its own error to Fastify, which would print it. */
  #render(renderer: ErrorRenderer, refusal: Refusal, context: ErrorContext): RenderedError {
    try {
      return renderer.render(refusal, context);
    } catch (error) {
      this.#log.error('an error could not be rendered', { request_id: context.requestId, error });
      return problems.render(refusal, context);
    }
  }

  #refusal(error: unknown, request: FastifyRequest): Refusal {
    const refusal = refusalOf(error);
    if (refusal.code !== 'request.path_unknown') return refusal;
    const methods = this.#routes.methodsAt(request.url);
    if (methods.length === 0 || methods.includes(request.method)) return refusal;
    const other = refusalOf(
      new DomainError('request.method_not_allowed', 'this path does not answer this method'),
    );
    return { ...other, headers: { ...other.headers, allow: methods.join(', ') } };
  }
}
