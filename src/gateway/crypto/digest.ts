import { createHash } from 'node:crypto';
import type { Hash } from '../../contract/crypto-types.js';

export const sha256: Hash = (bytes) => createHash('sha256').update(bytes).digest();

/** base64url(SHA-256(value)): how records and watermarks are named. */
export const digestOf = (value: Uint8Array): string =>
  createHash('sha256').update(value).digest('base64url');
