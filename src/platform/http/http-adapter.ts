import { Readable } from 'node:stream';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, preParsingHookHandler } from 'fastify';
import { newId, type Id } from '../../kernel/ids.js';
import type { Log } from '../log/log.js';
import { ErrorAnswers } from './answer-error.js';
import { limitArrival, LONGEST_ARRIVAL_MS, patiently } from './arrival.js';
import { ErrorRenderers } from './error-renderers.js';
import { answerRaw } from './raw-answers.js';
import { RouteTable } from './route-table.js';
import { secure } from './secure.js';
import './request.js';

export interface HttpSettings {
  readonly log: Log;
  /** Larger bodies get a 413. */
  readonly bodyLimitBytes: number;
  /** How long a request may take to arrive whole; of a body that is read as it comes in, each part of it. */
  readonly arrivalTimeoutMs: number;
  /** How long a shutdown waits for answers that are under way. */
  readonly drainMs: number;
}

export const httpDefaults = {
  bodyLimitBytes: 1_048_576,
  arrivalTimeoutMs: 30_000,
  drainMs: 10_000,
} as const;

type RequestId = Id<'request'>;

/** Long enough for any id of ours and for the names that appear in paths. */
const SEGMENT_MAX = 512;

/** Fastify as this service wants it: our errors, our parsers, our log lines, and an orderly end. */
export class HttpAdapter extends FastifyAdapter {
  readonly renderers: ErrorRenderers;
  readonly answers: ErrorAnswers;
  readonly #settings: HttpSettings;

  constructor(settings: HttpSettings) {
    const renderers = new ErrorRenderers();
    const routes = new RouteTable();
    const answers = new ErrorAnswers(renderers, routes, settings.log);
    super({
      logger: false,
      // Ours alone: an id from outside could be somebody else's.
      requestIdHeader: false,
      genReqId: () => newId<RequestId>(),
      bodyLimit: settings.bodyLimitBytes,
      // Bodies have a limit of their own, which one route lifts.
      requestTimeout: LONGEST_ARRIVAL_MS,
      http: {
        headersTimeout: settings.arrivalTimeoutMs,
        connectionsCheckingInterval: Math.min(settings.arrivalTimeoutMs, 5_000),
      },
      // While we drain, what still arrives on an open connection is served: the rooms close after the server.
      return503OnClosing: false,
      skipMiddie: true,
      multipart: false,
      clientErrorHandler: answerRaw,
      frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
        answers.answer(error, request, reply);
      },
      routerOptions: { ignoreTrailingSlash: true, maxParamLength: SEGMENT_MAX },
    });
    this.renderers = renderers;
    this.answers = answers;
    this.#settings = settings;
    const instance = this.getInstance<FastifyInstance>();
    routes.watch(instance);
    prepareRequests(instance);
    limitArrival(instance, settings.arrivalTimeoutMs);
    keepBodies(instance, settings.arrivalTimeoutMs);
    logRequests(instance, settings.log);
  }

  /** NestJS awaits this before it tells the rooms to stop: nobody's work loses its database under it. */
  // eslint-disable-next-line @typescript-eslint/no-misused-promises -- its type says void, NestApplication awaits it
  override async beforeClose(): Promise<void> {
    const instance = this.getInstance<FastifyInstance>();
    const late = setTimeout(() => {
      instance.server.closeAllConnections();
    }, this.#settings.drainMs);
    try {
      await instance.close();
    } finally {
      clearTimeout(late);
    }
  }
}

function prepareRequests(instance: FastifyInstance): void {
  instance.decorateRequest('rawBody', null);
  instance.decorateRequest('bodyStream', null);
  instance.decorateRequest('refusedWith', null);
  instance.decorateRequest('whenAnswered', null);
  instance.addHook('onRequest', (request, reply, done) => {
    request.receivedAt = new Date();
    secure(reply, request);
    done();
  });
}

/** Bodies are kept as they came, whatever they say they are; `BodyInterceptor` reads them behind the doors. */
function keepBodies(instance: FastifyInstance, arrivalTimeoutMs: number): void {
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (request, body, done) => {
    request.rawBody = body;
    done(null, undefined);
  });
  instance.addHook('onRoute', (route) => {
    const limit = route.config?.bodyLimitBytes;
    if (limit !== undefined) route.bodyLimit = limit;
    if (route.config?.streamed === true) route.preParsing = leaveInStream(arrivalTimeoutMs);
  });
}

/** Fastify's parser gets nothing to read, and believes that all of it has come. */
const leaveInStream =
  (partMs: number): preParsingHookHandler =>
  (request, reply, payload, done) => {
    request.bodyStream = patiently({ request, reply }, payload, partMs);
    const nothing = Readable.from([]);
    const announced = Number(request.headers['content-length'] ?? 0);
    done(null, Object.assign(nothing, { receivedEncodedLength: announced }));
  };

function logRequests(instance: FastifyInstance, log: Log): void {
  instance.addHook('onResponse', (request, reply, done) => {
    const status = reply.statusCode;
    const ms = Math.round(reply.elapsedTime * 100) / 100;
    const code = request.refusedWith;
    log.info('request', {
      request_id: request.id,
      method: request.method,
      // The pattern, not the path: paths and queries carry names.
      route: request.routeOptions.url ?? null,
      status,
      ms,
      ...(code === null ? {} : { code }),
    });
    request.whenAnswered?.({ status, code, ms });
    done();
  });
}
