import type { Gateway, Verdict } from '../gateway/index.js';
import { tokenOf, type Presented } from './credentials.js';
import type { Tally } from './tally.js';

/** Seconds after which a client may try again: a view is fresh with the next watermark. */
export const RETRY_AFTER_S = '1';

/** What may be said about a request. Why a token is refused is nobody's business outside; the tally knows. */
export type Answer =
  | Allowed
  | { readonly kind: 'refused'; readonly error: 'invalid_token' | 'invalid_request' }
  | { readonly kind: 'unsure' };

export type Allowed = Extract<Verdict, { kind: 'allow' | 'allow-foreign' }>;

const REFUSED: Answer = { kind: 'refused', error: 'invalid_token' };
/** RFC 6750 §2.3 and §3.1, with 401 for its 400: nginx understands no other refusal than 401 and 403. */
const IN_QUERY: Answer = { kind: 'refused', error: 'invalid_request' };
const UNSURE: Answer = { kind: 'unsure' };

/** Decides and counts, whatever door the question came through. */
export class Decisions {
  readonly #gateway: Pick<Gateway, 'check' | 'resolve'>;
  readonly #tally: Tally;

  constructor(gateway: Pick<Gateway, 'check' | 'resolve'>, tally: Tally) {
    this.#gateway = gateway;
    this.#tally = tally;
  }

  /** A promise only where there is something to wait for. It never rejects. */
  on(presented: Presented): Answer | Promise<Answer> {
    const found = tokenOf(presented);
    if ('denied' in found) {
      this.#tally.refused(found.denied);
      return found.denied === 'request.token_in_query' ? IN_QUERY : REFUSED;
    }
    const verdict = this.#gateway.check(found.token);
    if (verdict.kind === 'unsure') {
      return this.#gateway.resolve(verdict).then((resolved) => this.#counted(resolved));
    }
    return this.#counted(verdict);
  }

  #counted(verdict: Verdict): Answer {
    this.#tally.decided(verdict);
    switch (verdict.kind) {
      case 'allow':
      case 'allow-foreign':
        return verdict;
      case 'deny':
        return REFUSED;
      case 'unsure':
        return UNSURE;
    }
  }
}

/**
 * Who it is, by the headers that applications read. An empty user is a device without an owner, and an empty device
 * somebody of a foreign issuer. All of them in every answer, so that a proxy which copies them overwrites what a
 * client made up.
 */
export function identityOf({ claims }: Allowed): Header[] {
  const isOurs = !('subject' in claims);
  const owner = isOurs && claims.sub !== claims.did ? claims.sub : '';
  return [
    ['x-offswitch-org', claims.org],
    ['x-offswitch-user', owner],
    ['x-offswitch-device', isOurs ? claims.did : ''],
    ['x-offswitch-scopes', claims.scope],
    ['x-offswitch-issuer', isOurs ? '' : claims.iss],
    ['x-offswitch-subject', isOurs ? '' : claims.sub],
  ];
}

/** Beside them when the policy let an old view decide. */
export const STALE_VIEW: Header = ['x-offswitch-view', 'stale'];

type Header = readonly [name: string, value: string];
