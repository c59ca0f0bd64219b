import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** How a client wants its request to be treated, beside what it asks for. */
export interface Wishes {
  readonly idempotencyKey: string | undefined;
  readonly prefer: string | undefined;
  /** Nobody is left to be answered. */
  readonly gone: AbortSignal;
  /** Says in the answer which preference was followed (RFC 7240 §3). */
  readonly applied: (preference: string) => void;
}

/** `@Wished() wishes: Wishes` */
export const Wished = createParamDecorator((_: unknown, context: ExecutionContext): Wishes => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const reply = context.switchToHttp().getResponse<FastifyReply>();
  const gone = new AbortController();
  reply.raw.once('close', () => {
    gone.abort();
  });
  const key = request.headers['idempotency-key'];
  const { prefer } = request.headers as { readonly prefer?: string };
  return {
    idempotencyKey: Array.isArray(key) ? key.join(', ') : key,
    prefer,
    gone: gone.signal,
    applied: (preference) => void reply.header('preference-applied', preference),
  };
});
