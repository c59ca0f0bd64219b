import type { IncomingMessage } from 'node:http';
import type { Gateway } from '../gateway.js';
import type { Route } from '../policy.js';
import type { Verdict } from '../verdict.js';
import { bearerTokenOf } from './bearer-token.js';

/** What an adapter needs of a gateway. */
export type Guarding = Pick<Gateway, 'check' | 'resolve'>;

export interface Refusal {
  readonly kind: 'refuse';
  readonly status: 400 | 401 | 503;
  readonly headers: Readonly<Record<string, string>>;
}

export type Admission = Extract<Verdict, { readonly kind: 'allow' | 'allow-foreign' }> | Refusal;

/** Seconds after which a client may try again: a view is fresh with the next watermark. */
const RETRY_AFTER_S = '1';
const OURS = 'x-offswitch-';

const challenge = (status: 400 | 401, value: string): Refusal => ({
  kind: 'refuse',
  status,
  headers: { 'cache-control': 'no-store', 'www-authenticate': value },
});

const UNSURE: Refusal = {
  kind: 'refuse',
  status: 503,
  headers: { 'cache-control': 'no-store', 'retry-after': RETRY_AFTER_S },
};

/**
 * Whether a request may pass, in the words of RFC 6750 §3: 401 the same for every refusal, 400 for a token in the
 * query or two of them, and 503, never 401, when we are the ones who do not know. Takes away what the client says
 * about who it is: headers of the form that the sidecar sets. Never rejects.
 */
export async function admit(
  gateway: Guarding,
  request: IncomingMessage,
  route?: Route,
): Promise<Admission> {
  const found = tokenIn(request);
  if ('refused' in found) return found.refused;
  return admissionOf(await verdictOf(gateway, found.token, route));
}

export function tokenIn(
  request: IncomingMessage,
): { readonly token: string } | { readonly refused: Refusal } {
  stripIdentity(request);
  const found = bearerTokenOf(request);
  if (!('denied' in found)) return found;
  return {
    refused:
      found.denied === 'request.token_missing'
        ? challenge(401, 'Bearer')
        : challenge(400, 'Bearer error="invalid_request"'),
  };
}

export async function verdictOf(gateway: Guarding, token: string, route?: Route): Promise<Verdict> {
  const verdict = gateway.check(token, route);
  if (verdict.kind !== 'unsure') return verdict;
  // Whatever fails there is trouble of ours, and the doubt stays.
  return gateway.resolve(verdict).catch(() => verdict);
}

export function admissionOf(verdict: Extract<Verdict, { kind: 'deny' | 'unsure' }>): Refusal;
export function admissionOf(verdict: Verdict): Admission;
export function admissionOf(verdict: Verdict): Admission {
  switch (verdict.kind) {
    case 'allow':
    case 'allow-foreign':
      return verdict;
    case 'deny':
      return challenge(401, 'Bearer error="invalid_token"');
    case 'unsure':
      return UNSURE;
  }
}

function stripIdentity(request: IncomingMessage): void {
  const { headers, rawHeaders } = request;
  for (const name of Object.keys(headers))
    if (name.startsWith(OURS)) Reflect.deleteProperty(headers, name);
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2)
    if (rawHeaders[i]?.toLowerCase().startsWith(OURS)) rawHeaders.splice(i, 2);
}
