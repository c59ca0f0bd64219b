const BEARER = /^bearer +(\S+)$/i;

/** The token of a bearer `Authorization` header (RFC 6750 §2.1); null for another scheme or form. */
export const bearerOf = (authorization: string): string | null =>
  BEARER.exec(authorization)?.[1] ?? null;
