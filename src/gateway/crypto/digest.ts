import { createHash } from 'node:crypto';

/** base64url(SHA-256(value)): how records and watermarks are named. */
export const digestOf = (value: Uint8Array): string =>
  createHash('sha256').update(value).digest('base64url');
