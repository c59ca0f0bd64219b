import type { Jwks, Lease, LeaseRequest } from '../../contract/lease.js';
import { readJwks, readLease } from '../../contract/read-lease.js';
import type { Secret } from '../../kernel/secret.js';
import { exchange } from '../exchange.js';

/** The service does not know this gateway's key, or does not take it any more. */
export class KeyRefused extends Error {
  override readonly name = 'KeyRefused';
}

const ANSWER_MS = 5_000;
const UNKNOWN_PROCESS = 'gateway.process_unknown';
/** Whoever ends waits for it. */
const GOODBYE_MS = 2_000;
/** A request waits for it, and what it says is as old as this at most: well inside S. */
const INTROSPECTION_MS = 2_500;

/** The service as a gateway sees it over HTTP. */
export class ServiceClient {
  readonly #url: string;
  readonly #key: Secret;

  /** `url` of the service, `ofs_gateway_…` key. */
  constructor(url: string, key: Secret) {
    this.#url = url.replace(/\/+$/, '');
    this.#key = key;
  }

  /**
   * @throws KeyRefused
   * @throws Error when the service cannot be reached or its answer cannot be read
   */
  async lease(request: LeaseRequest, stop: AbortSignal): Promise<Lease> {
    const json = await answerTo(stop, `${this.#url}/v1/gateways/self/lease`, {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${this.#key.reveal()}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(request),
    });
    return readLease(json);
  }

  /**
   * Says that a process of this gateway has ended and decides nothing any more. One that the service does not know
   * counts for nothing anyway.
   *
   * @throws Error when that may not have been heard
   */
  async goodbye(boot: string, stop: AbortSignal): Promise<void> {
    const url = `${this.#url}/v1/gateways/self/lease/${boot}`;
    const request = {
      method: 'DELETE',
      headers: { authorization: `Bearer ${this.#key.reveal()}` },
    };
    await exchange(url, request, { stop, ms: GOODBYE_MS, of: 'everything' }, async (answer) => {
      if (answer.status === 204) return;
      if (answer.status === 404 && codeOf(await answer.json()) === UNKNOWN_PROCESS) return;
      throw new Error(`the service answered ${answer.status}`);
    });
  }

  /**
   * Whether the service lets an access token live (RFC 7662).
   *
   * @throws Error when the service cannot be reached, has no time, or its answer cannot be read
   */
  async introspect(token: string, stop: AbortSignal): Promise<boolean> {
    const request = {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.#key.reveal()}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ token }).toString(),
    };
    const url = `${this.#url}/oauth2/introspect`;
    const json = await answerTo(stop, url, request, INTROSPECTION_MS);
    const active =
      typeof json === 'object' && json !== null && 'active' in json ? json.active : null;
    if (typeof active !== 'boolean') throw new TypeError('the introspection says nothing');
    return active;
  }

  /** The token keys, from the address that the lease names. */
  async jwks(url: string, stop: AbortSignal): Promise<Jwks> {
    return readJwks(await answerTo(stop, url, {}));
  }
}

/** More than any issuer's keys take. */
const LONGEST_SET = 256 * 1024;

/**
 * The keys of a foreign issuer, as they come. It gets no key of ours, and no more of our memory than this.
 *
 * @throws Error when it cannot be reached, has no time, or says too much
 */
export function foreignJwks(url: string, stop: AbortSignal): Promise<unknown> {
  const request = { headers: { accept: 'application/json' } };
  return exchange(url, request, { stop, ms: ANSWER_MS, of: 'everything' }, async (answer) => {
    if (answer.status !== 200) throw new Error(`an issuer answered ${answer.status}`);
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const bytes of answer.chunks()) {
      length += bytes.length;
      if (length > LONGEST_SET) throw new Error('an issuer has too many keys');
      parts.push(bytes);
    }
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  });
}

/** The code of a refusal (RFC 9457). */
const codeOf = (json: unknown): unknown =>
  typeof json === 'object' && json !== null && 'code' in json ? json.code : null;

/** The JSON of a 200, within a bounded time. */
function answerTo(
  stop: AbortSignal,
  url: string,
  request: RequestInit,
  answerMs = ANSWER_MS,
): Promise<unknown> {
  return exchange(url, request, { stop, ms: answerMs, of: 'everything' }, (answer) => {
    if (answer.status === 200) return answer.json();
    const why = `the service answered ${answer.status}`;
    throw answer.status === 401 || answer.status === 403 ? new KeyRefused(why) : new Error(why);
  });
}
