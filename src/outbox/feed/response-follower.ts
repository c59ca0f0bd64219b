import type { FastifyReply } from 'fastify';
import type { Clock } from '../../kernel/clock.js';
import type { GatewayId } from '../../kernel/ids.js';
import type { FeedFollower } from './feed-reader.js';

export const EVENT_STREAM = 'text/event-stream; charset=utf-8';

/** What may wait for a follower that reads slowly. One round may be larger; before the next it must have been read. */
const MOST_WAITING_BYTES = 1_048_576;
/** A follower that takes nothing for so long is gone, or might as well be. */
const LONGEST_WAIT_MS = 10_000;

/** A follower at the other end of an HTTP response. */
export class ResponseFollower implements FeedFollower {
  readonly gateway: GatewayId;
  readonly #reply: FastifyReply;
  readonly #clock: Clock;
  #waitsSinceMs: number | null = null;
  #isOpen = false;

  constructor(gateway: GatewayId, reply: FastifyReply, clock: Clock) {
    this.gateway = gateway;
    this.#reply = reply;
    this.#clock = clock;
  }

  /** Before this the answer may still be a problem document. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    const { raw } = this.#reply;
    for (const [name, value] of Object.entries(this.#reply.getHeaders()))
      if (value !== undefined) raw.setHeader(name, value);
    raw.setHeader('content-type', EVENT_STREAM);
    // A proxy that collects the answer would keep every gateway behind it stale.
    raw.setHeader('x-accel-buffering', 'no');
    this.#reply.hijack();
    raw.socket?.setNoDelay(true);
    raw.on('drain', () => {
      this.#waitsSinceMs = null;
    });
    raw.flushHeaders();
  }

  send(bytes: Buffer): boolean {
    this.open();
    const { raw } = this.#reply;
    if (raw.destroyed || raw.writableEnded) return false;
    const nowMs = this.#clock.monotonicMs();
    const isSlow = nowMs - (this.#waitsSinceMs ?? nowMs) > LONGEST_WAIT_MS;
    if (raw.writableLength > MOST_WAITING_BYTES || isSlow) {
      raw.destroy();
      return false;
    }
    if (!raw.write(bytes)) this.#waitsSinceMs ??= nowMs;
    return true;
  }

  end(): void {
    this.open();
    if (!this.#reply.raw.destroyed) this.#reply.raw.end();
  }
}
