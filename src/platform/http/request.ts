import type { FastifyRequest } from 'fastify';

/** How a request ended, for whoever wants to know. */
export interface RequestEnd {
  readonly status: number;
  readonly code: string | null;
  readonly ms: number;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * The route reads `rawBody` itself, whatever type it claims to have, after it has proven who sent it; nothing
     * is parsed before that.
     */
    unparsed?: boolean;
    /** The route reads `bodyStream` itself, behind its guard: the body may be larger than memory. Goes with `unparsed`. */
    streamed?: boolean;
    /** Where anybody may knock, less is read than elsewhere. Larger bodies get a 413. */
    bodyLimitBytes?: number;
  }

  interface FastifyRequest {
    /** When the request's head arrived, our clock. */
    receivedAt: Date;
    /** The body's bytes as they came, for signatures; null without a body. */
    rawBody: Buffer | null;
    /** The body as it comes in, of a route that is `streamed`; null for every other. */
    bodyStream: AsyncIterable<Uint8Array> | null;
    /** The code of the refusal that was the answer, for the log. */
    refusedWith: string | null;
    /** Told once, after the answer has left. */
    whenAnswered: ((end: RequestEnd) => void) | null;
  }
}

/** Something a guard learned about a request and a controller needs, kept for as long as the request lives. */
export class RequestSlot<T> {
  readonly #values = new WeakMap<FastifyRequest, T>();

  set(request: FastifyRequest, value: T): void {
    this.#values.set(request, value);
  }

  /** @throws Error when nothing was set: the guard that sets it does not stand before this route */
  get(request: FastifyRequest): T {
    const value = this.#values.get(request);
    if (value === undefined) throw new Error('the guard of this route has not run');
    return value;
  }
}

/** What a use case is told about the request that it serves. */
export interface RequestMark {
  readonly requestId: string;
  readonly receivedAt: Date;
}

export const markOf = (request: FastifyRequest): RequestMark => ({
  requestId: request.id,
  receivedAt: request.receivedAt,
});
