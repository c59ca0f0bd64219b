import type { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import type { ConnectionId } from '../kernel/ids.js';
import { isCompressed } from '../platform/http/media-type.js';
import { TokenBuckets } from '../platform/rate/token-buckets.js';

export interface ThrottledRequest {
  readonly method: string;
  /** The pattern. */
  readonly route: string;
  readonly body: Uint8Array | null;
  /** Its `Content-Encoding`. */
  readonly encoding?: string | undefined;
}

/** An IdP that begins a full sync asks for everybody at once. */
const BURST_S = 10;
const MOST_CONNECTIONS = 10_000;

const PEOPLE = ['/scim/v2/Users', '/scim/v2/Users/:id'];

/**
 * How much one connection may ask of one process. Whatever may take access away passes and does not count: a `DELETE`,
 * a body that may speak of `active` or that nobody can read, every change to a group or in bulk (P8).
 */
export class Throttle {
  readonly #buckets: TokenBuckets;

  /** @param perSecond requests that go on and on */
  constructor(perSecond: number, clock: Clock) {
    this.#buckets = new TokenBuckets(
      { perSecond, burst: perSecond * BURST_S, mostKeys: MOST_CONNECTIONS },
      clock,
    );
  }

  /** @throws DomainError `request.throttled` */
  admit(connection: ConnectionId, request: ThrottledRequest): void {
    if (mayRevoke(request) || this.#buckets.take(connection)) return;
    throw new DomainError('request.throttled', 'too many requests; deactivations always pass');
  }
}

export function mayRevoke({ method, route, body, encoding }: ThrottledRequest): boolean {
  if (method === 'GET' || method === 'HEAD' || route.endsWith('/.search')) return false;
  if (!['POST', 'PUT', 'PATCH'].includes(method) || !PEOPLE.includes(route)) return true;
  // A compressed change of a person is never unpacked, and holds them.
  if (method !== 'POST' && isCompressed(encoding)) return true;
  // Looked at as bytes: `active` may be written with escapes, or in UTF-16.
  const text = Buffer.from(body ?? []).toString('latin1');
  return /active|\\u|\0/i.test(text);
}
