import { URL_HEADERS, type Presented } from '../credentials.js';
import { identityOf, RETRY_AFTER_S, STALE_VIEW, type Allowed, type Answer } from '../decisions.js';

interface HeaderValue {
  readonly key: string;
  readonly value: string;
  readonly rawValue: Uint8Array;
}

/** What we read of a `CheckRequest`; absent messages are null, absent lists and maps empty. */
export interface CheckRequest {
  readonly attributes: {
    readonly request: {
      readonly http: {
        readonly path: string;
        /** Several of one name are joined with commas. */
        readonly headers: Readonly<Record<string, string>>;
        /** Instead of `headers`, where Envoy was told `encode_raw_headers`. */
        readonly headerMap: { readonly headers: readonly HeaderValue[] } | null;
      } | null;
    } | null;
  } | null;
}

interface HeaderValueOption {
  readonly header: { readonly key: string; readonly value: string };
  readonly appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD';
}

interface Denied {
  readonly status: { readonly code: number };
  readonly headers: readonly HeaderValueOption[];
}

export interface CheckResponse {
  /** A `google.rpc.Status`. */
  readonly status: { readonly code: number };
  readonly okResponse?: {
    readonly headers: readonly HeaderValueOption[];
    readonly headersToRemove: readonly string[];
  };
  readonly deniedResponse?: Denied;
}

const OK = 0;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

/** Applications that read CGI variables do not tell `-` from `_`. */
const OURS = /^x[-_]offswitch[-_]/;

/** What the request brings, with headers in the order of their names' first appearance. */
export function presentedIn(request: CheckRequest): Presented & { readonly names: string[] } {
  const headers = headersOf(request);
  const authorizations = headers.get('authorization') ?? [];
  return {
    // Of two nothing is read; no token has a comma in it.
    authorization: authorizations[0],
    authorizations: authorizations.flatMap((value) => value.split(',')).length,
    urls: [
      request.attributes?.request?.http?.path,
      ...URL_HEADERS.map((name) => headers.get(name)),
    ],
    names: [...headers.keys()],
  };
}

function headersOf({ attributes }: CheckRequest): Map<string, readonly string[]> {
  const http = attributes?.request?.http;
  const found = new Map<string, readonly string[]>();
  const add = (name: string, value: string): void => {
    const key = name.toLowerCase();
    found.set(key, [...(found.get(key) ?? []), value]);
  };
  for (const [name, value] of Object.entries(http?.headers ?? {})) add(name, value);
  for (const { key, value, rawValue } of http?.headerMap?.headers ?? [])
    add(key, value === '' ? Buffer.from(rawValue).toString('latin1') : value);
  return found;
}

export function responseTo(answer: Answer, inbound: readonly string[]): CheckResponse {
  switch (answer.kind) {
    case 'allow':
    case 'allow-foreign':
      return allowed(answer, inbound);
    case 'refused':
      return denied(UNAUTHENTICATED, 401, ['www-authenticate', `Bearer error="${answer.error}"`]);
    case 'unsure':
      // Not an error of the check: that, Envoy may have been told to let pass (`failure_mode_allow`).
      return denied(UNAVAILABLE, 503, ['retry-after', RETRY_AFTER_S]);
  }
}

/** Envoy removes after it has set, so no name may stand in both lists. */
function allowed(answer: Allowed, inbound: readonly string[]): CheckResponse {
  const identity = identityOf(answer);
  const all = answer.isStale ? [...identity, STALE_VIEW] : identity;
  const set = all.filter(([, value]) => value !== '');
  const kept = new Set(set.map(([name]) => name));
  // The known names always: Envoy tells us of all headers only if it was not told `allowed_headers`.
  const known = [...identity, STALE_VIEW].map(([name]) => name);
  const remove = new Set([...known, ...inbound.filter((name) => OURS.test(name))]);
  return {
    status: { code: OK },
    okResponse: {
      headers: set.map((header) => option(header)),
      headersToRemove: [...remove].filter((name) => !kept.has(name)),
    },
  };
}

const denied = (
  code: number,
  status: number,
  header: readonly [string, string],
): CheckResponse => ({
  status: { code },
  deniedResponse: {
    status: { code: status },
    headers: [option(header), option(['cache-control', 'no-store'])],
  },
});

const option = ([key, value]: readonly [string, string]): HeaderValueOption => ({
  header: { key, value },
  appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD',
});
