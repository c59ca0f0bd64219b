import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../../kernel/domain-error.js';
import { answerRaw } from './raw-answers.js';

/** A body that is read as it comes in may take so long altogether, if none of its parts is late. */
export const LONGEST_ARRIVAL_MS = 3_600_000;

/** Of bodies that are on their way. */
const limits = new WeakMap<IncomingMessage, NodeJS.Timeout>();

/**
 * Whoever sends a body slowly holds a connection: it must be here within `ms`, also where nobody reads it. Node has one
 * such limit for all requests of a server; this one can be lifted for a single body.
 */
export function limitArrival(instance: FastifyInstance, ms: number): void {
  instance.addHook('onRequest', (request, reply, done) => {
    const { raw } = request;
    if (bringsBody(raw)) {
      // A body that nobody reads need not ever close, and holds up no process that has drained.
      const limit = setTimeout(giveUp, ms, raw, reply.raw).unref();
      limits.set(raw, limit);
      raw.once('close', () => {
        clearTimeout(limit);
      });
    }
    done();
  });
}

const bringsBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

function giveUp(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return;
  const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
  if (!response.headersSent) answerRaw(late, request.socket);
  request.socket.destroySoon();
}

/**
 * The body of a request whose sender has proven who they are, as it comes in: no part of it may be later than `ms`. The
 * time that we take between two of them does not count.
 *
 * @throws DomainError `request.timed_out`, while it is read
 */
export async function* patiently(
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  body: AsyncIterable<Uint8Array>,
  ms: number,
): AsyncIterable<Uint8Array> {
  clearTimeout(limits.get(request.raw));
  const parts = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const part = await inTime(parts.next(), ms);
      if (part.done === true) return;
      yield part.value;
    }
  } finally {
    // Nobody waits for the rest of it.
    if (!request.raw.complete) reply.header('connection', 'close');
  }
}

async function inTime<T>(part: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new DomainError('request.timed_out', 'the body has stopped coming'));
    }, ms);
  });
  // It may still break off when nobody waits for it any more.
  part.catch(() => undefined);
  try {
    return await Promise.race([part, late]);
  } finally {
    clearTimeout(timer);
  }
}
