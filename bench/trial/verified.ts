import type { KeyObject } from 'node:crypto';
import { isSignedBy, type IsSignedBy } from '../../src/gateway/crypto/public-keys.js';
import { sha256 } from '../../src/platform/crypto/sha256.js';

/**
 * Every signature is verified, and once: gateways that follow the same topic ask about the same bytes. Whose key it was,
 * what was signed and the signature itself are all in the question.
 */
export function verifiedOnce(): IsSignedBy {
  const answers = new Map<string, boolean>();
  const keys: KeyObject[] = [];
  const numbers = new Map<KeyObject, number>();
  const numberOf = (key: KeyObject): number => {
    const found = numbers.get(key) ?? keys.findIndex((one) => one.equals(key));
    const number = found < 0 ? keys.push(key) - 1 : found;
    numbers.set(key, number);
    return number;
  };
  return (key, message, signature) => {
    const question = [numberOf(key), text(sha256(message)), text(signature)].join(' ');
    const known = answers.get(question);
    if (known !== undefined) return known;
    const answer = isSignedBy(key, message, signature);
    answers.set(question, answer);
    return answer;
  };
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
