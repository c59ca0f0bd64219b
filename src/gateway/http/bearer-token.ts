import type { IncomingMessage } from 'node:http';

/** Why a request brings no token that could be checked. */
type RequestDenial = 'request.token_missing' | 'request.token_twice' | 'request.token_in_query';

const SCHEME = 'bearer ';

/**
 * The token of `Authorization: Bearer`, and of nowhere else: a URL stands in logs and histories (RFC 6750 §5.3), and
 * of two headers the application behind us might read the other one.
 */
export function bearerTokenOf(
  request: Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'url'>,
): { readonly token: string } | { readonly denied: RequestDenial } {
  const { authorization } = request.headers;
  if (carriesTokenInQuery(request.url ?? '')) return { denied: 'request.token_in_query' };
  if (authorization?.slice(0, SCHEME.length).toLowerCase() !== SCHEME)
    return { denied: 'request.token_missing' };
  if (countOf(request.rawHeaders) > 1) return { denied: 'request.token_twice' };
  return { token: authorization.slice(SCHEME.length) };
}

function carriesTokenInQuery(url: string): boolean {
  const from = url.indexOf('?');
  return from !== -1 && new URLSearchParams(url.slice(from)).has('access_token');
}

/** Node keeps the first of several and hides the rest. */
function countOf(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 13 && name.toLowerCase() === 'authorization') count += 1;
  }
  return count;
}
