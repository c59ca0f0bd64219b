import { hash } from 'node:crypto';
import type { Hash } from '../../contract/crypto-types.js';

// In one go: an object for each hash costs as much as the hash of a record.
export const sha256: Hash = (bytes) => hash('sha256', bytes, 'buffer');

/** base64url(SHA-256(value)): how records and watermarks are named. */
export const digestOf = (value: Uint8Array): string => hash('sha256', value, 'base64url');
