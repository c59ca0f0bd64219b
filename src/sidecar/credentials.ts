/** Why a request brings no token that could be checked. */
export type RequestDenial =
  'request.token_missing' | 'request.token_twice' | 'request.token_in_query';

/** What a proxy says of the request that it holds back. */
export interface Presented {
  readonly authorization: string | undefined;
  /** How many `Authorization` headers came. */
  readonly authorizations: number;
  /** Where the request went, by every name that the proxy may have given it. */
  readonly urls: readonly (string | readonly string[] | undefined)[];
}

/**
 * Headers in which proxies hand on the URL: ours for nginx and HAProxy, ingress-nginx, Traefik and Caddy.
 * Whoever makes one up harms nobody: its token is refused, no other is let in.
 */
export const URL_HEADERS = ['x-original-uri', 'x-original-url', 'x-forwarded-uri'] as const;

const SCHEME = 'bearer ';

/**
 * The token of `Authorization: Bearer`, and of nowhere else: a URL stands in logs and histories (RFC 6750 §5.3), and
 * of two headers the application behind us might read the other one.
 */
export function tokenOf(presented: Presented): { token: string } | { denied: RequestDenial } {
  const { authorization, authorizations, urls } = presented;
  if (urls.some(carriesToken)) return { denied: 'request.token_in_query' };
  if (authorization?.slice(0, SCHEME.length).toLowerCase() !== SCHEME) {
    return { denied: 'request.token_missing' };
  }
  if (authorizations > 1) return { denied: 'request.token_twice' };
  return { token: authorization.slice(SCHEME.length) };
}

function carriesToken(url: string | readonly string[] | undefined): boolean {
  if (url === undefined) return false;
  if (typeof url !== 'string') return url.some(carriesToken);
  const from = url.indexOf('?');
  return from !== -1 && new URLSearchParams(url.slice(from)).has('access_token');
}
