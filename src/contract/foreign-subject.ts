import { utf8 } from './bytes.js';
import type { Hash } from './crypto-types.js';
import { digestOf } from './signed-message.js';

/** How records name somebody of a foreign issuer. With an empty `sub`, which nobody has, it is everybody of that issuer. */
export const foreignSubject = (issuer: string, sub: string, hash: Hash): string =>
  digestOf(utf8(`${issuer}\n${sub}`), hash);
