import type { AccessTokenClaims } from '../../contract/access-token.js';
import { foreignSubject } from '../../contract/foreign-subject.js';
import type { ForeignClaims } from '../../contract/read-foreign-token.js';
import type { Scope } from '../../contract/revocation-record.js';
import { base64url } from '../crypto/base64url.js';
import { sha256 } from '../crypto/digest.js';
import type { Route } from '../policy.js';
import type { Claims, Denial, Doubt, Unsure, Verdict } from '../verdict.js';

/** Why a stream is closed: what a new request with its token would hear, or that the gateway ends. */
export type Closing = Denial | Doubt | 'gateway.stopped';

export type Bound =
  | {
      readonly kind: 'bound';
      readonly claims: Claims;
      /** The stream has ended by itself. Call it always: a stream that is not unbound is remembered until `exp`. */
      readonly unbind: () => void;
    }
  | { readonly kind: 'deny'; readonly reason: Denial }
  | Unsure;

export interface StreamsParts {
  readonly check: (token: string, route?: Route) => Verdict;
  /** The same about a stream that stands: nobody uses the token just now, and the service is not asked. */
  readonly review: (token: string, route?: Route) => Verdict;
  readonly isFresh: () => boolean;
  readonly nowMs: () => number;
  /** A close callback threw. */
  readonly onFailure: (error: unknown) => void;
  /** Streams at once; 100,000 by default. One more is a 503. */
  readonly capacity?: number;
  /** How often time is looked at, milliseconds. */
  readonly tickMs?: number;
}

interface Stream {
  readonly token: string;
  readonly route: Route | undefined;
  readonly claims: Claims;
  readonly subjects: readonly string[];
  readonly close: (why: Closing) => void;
}

const CAPACITY = 100_000;
const TICK_MS = 50;
const OLD_TICKS = 10;

const nameOf = (scope: Scope, subject: string): string => `${scope}/${subject}`;

/**
 * Live connections by what can end them. A revocation looks only at the streams of its subject, whatever number of
 * others there is; a view that ages, and `exp`, are looked at by one clock for all of them.
 */
export class Streams {
  readonly #parts: StreamsParts;
  readonly #all = new Set<Stream>();
  readonly #bySubject = new Map<string, Set<Stream>>();
  readonly #byExp = new Map<number, Set<Stream>>();
  #oldTicks = 0;
  #tick: NodeJS.Timeout | null = null;

  constructor(parts: StreamsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#all.size;
  }

  /**
   * Checks the token and remembers the stream, in this order and then once more: a revocation that is applied in
   * between, by `close` or by anything that it calls, finds the stream. `close` is called once at most, and never
   * before this returns.
   */
  bind(token: string, close: (why: Closing) => void, route?: Route): Bound {
    const { check, capacity = CAPACITY } = this.#parts;
    const first = check(token, route);
    if (isRefusal(first)) return first;
    if (this.#all.size >= capacity) return { kind: 'unsure', reason: 'streams.full' };
    const { claims } = first;
    const stream: Stream = { token, route, claims, subjects: subjectsOf(token, claims), close };
    this.#add(stream);
    const second = check(token, route);
    if (isRefusal(second)) {
      this.#remove(stream);
      return second;
    }
    const unbind = (): void => {
      this.#remove(stream);
    };
    return { kind: 'bound', claims, unbind };
  }

  /** The view has applied a record. One that does not reach a stream's token closes nothing. */
  revoked(scope: Scope, subject: string): void {
    const streams = this.#bySubject.get(nameOf(scope, subject));
    if (streams === undefined) return;
    for (const stream of [...streams]) {
      const verdict = this.#parts.review(stream.token, stream.route);
      if (verdict.kind === 'deny') this.#close(stream, verdict.reason);
    }
  }

  /** Looks at every stream: another view decides from now on, or this one has become old. */
  recheck(): void {
    for (const stream of [...this.#all]) {
      const verdict = this.#parts.review(stream.token, stream.route);
      if (isRefusal(verdict)) this.#close(stream, verdict.reason);
    }
  }

  closeAll(): void {
    for (const stream of [...this.#all]) this.#close(stream, 'gateway.stopped');
  }

  #look(): void {
    const nowMs = this.#parts.nowMs();
    for (const [exp, streams] of this.#byExp)
      if (exp * 1000 <= nowMs)
        for (const stream of [...streams]) this.#close(stream, 'token.expired');
    const isFresh = this.#parts.isFresh();
    this.#oldTicks = isFresh ? 0 : this.#oldTicks + 1;
    // Once when the view becomes old, and from time to time while the policies of some streams live with that.
    if (this.#oldTicks % OLD_TICKS === 1) this.recheck();
  }

  #add(stream: Stream): void {
    this.#all.add(stream);
    for (const subject of stream.subjects) put(this.#bySubject, subject, stream);
    put(this.#byExp, stream.claims.exp, stream);
    this.#tick ??= setInterval(() => {
      this.#look();
    }, this.#parts.tickMs ?? TICK_MS).unref();
  }

  #remove(stream: Stream): boolean {
    if (!this.#all.delete(stream)) return false;
    for (const subject of stream.subjects) take(this.#bySubject, subject, stream);
    take(this.#byExp, stream.claims.exp, stream);
    if (this.#all.size === 0 && this.#tick !== null) {
      clearInterval(this.#tick);
      this.#tick = null;
    }
    return true;
  }

  #close(stream: Stream, why: Closing): void {
    if (!this.#remove(stream)) return;
    try {
      stream.close(why);
    } catch (error) {
      this.#parts.onFailure(error);
    }
  }
}

function put<Key>(index: Map<Key, Set<Stream>>, key: Key, stream: Stream): void {
  const streams = index.get(key);
  if (streams === undefined) index.set(key, new Set([stream]));
  else streams.add(stream);
}

function take<Key>(index: Map<Key, Set<Stream>>, key: Key, stream: Stream): void {
  const streams = index.get(key);
  streams?.delete(stream);
  if (streams?.size === 0) index.delete(key);
}

const isRefusal = (verdict: Verdict): verdict is Exclude<Verdict, { readonly claims: Claims }> =>
  verdict.kind === 'deny' || verdict.kind === 'unsure';

const subjectsOf = (token: string, claims: Claims): string[] =>
  'subject' in claims ? subjectsOfForeign(claims) : subjectsOfOurs(token, claims);

const subjectsOfForeign = ({ iss, subject }: ForeignClaims): string[] => [
  nameOf('ext', subject),
  nameOf('ext', foreignSubject(iss, '', sha256)),
];

function subjectsOfOurs(token: string, { org, sub, did, fam }: AccessTokenClaims): string[] {
  const { kid } = JSON.parse(base64url.toText(token.slice(0, token.indexOf('.')))) as {
    readonly kid: string;
  };
  const owner = sub === did ? [] : [nameOf('user', sub)];
  return [
    nameOf('org', org),
    ...owner,
    nameOf('device', did),
    nameOf('family', fam),
    nameOf('kid', kid),
  ];
}
