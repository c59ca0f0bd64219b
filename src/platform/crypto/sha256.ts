import { createHash } from 'node:crypto';
import type { Hash } from '../../contract/crypto-types.js';

export const sha256: Hash = (bytes) => createHash('sha256').update(bytes).digest();
