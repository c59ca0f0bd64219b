import type { Base64url } from '../../contract/read-token.js';

export const base64url: Base64url = {
  toBytes: (text) => Buffer.from(text, 'base64url'),
  toText: (text) => Buffer.from(text, 'base64url').toString('utf8'),
  ofBytes: (bytes) => Buffer.from(bytes).toString('base64url'),
};
