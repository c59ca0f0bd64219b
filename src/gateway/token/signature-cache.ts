import type { KeyObject } from 'node:crypto';
import type { AccessTokenClaims } from '../../contract/access-token.js';
import type { TokenSubjects } from '../../contract/judge-claims.js';
import type { Subject } from '../view/subject.js';

/** A token whose signature was found good under `key`. Whether it may be used is never kept. */
export interface KnownToken {
  readonly token: string;
  readonly kid: string;
  readonly key: KeyObject;
  readonly claims: AccessTokenClaims;
  /** Whom the claims name, as a view looks for them. */
  readonly subjects: TokenSubjects<Subject>;
}

/** Letters by which a token is found: 48 bits of its signature, which are as good as random. */
const LETTERS = 8;
/** Letters behind those. The last ones of a signature may be the same in all of them: padding, or a number's top bits. */
const BEHIND = 2;

/**
 * Remembers good signatures, so that a check costs a look-up instead of an Ed25519 verification. Entries are
 * found by a number from the signature part and count only if the *whole* token is the same: another payload under a
 * remembered signature finds nothing, and of two tokens with one number the later one is remembered (in a full cache of
 * 32,768 that happens to somebody once in eight times, and costs them a verification). Two halves take turns, so a hit writes nothing but at most a move
 * from the older half, and at most `size` tokens are held.
 */
export class SignatureCache<Known extends { readonly token: string } = KnownToken> {
  readonly #half: number;
  #young = new Map<number, Known>();
  #old = new Map<number, Known>();

  constructor(size: number) {
    if (!Number.isSafeInteger(size) || size < 2) throw new TypeError('the size is no count');
    this.#half = Math.floor(size / 2);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  find(token: string): Known | undefined {
    const number = numberOf(token);
    const young = this.#young.get(number);
    if (young !== undefined) return young.token === token ? young : undefined;
    const old = this.#old.get(number);
    if (old?.token !== token) return undefined;
    this.#old.delete(number);
    this.#keep(number, old);
    return old;
  }

  add(known: Known): void {
    this.#keep(numberOf(known.token), known);
  }

  /** Lets a token go that nobody can use any more. */
  drop(token: string): void {
    const number = numberOf(token);
    this.#young.delete(number);
    this.#old.delete(number);
  }

  #keep(number: number, known: Known): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(number, known);
  }
}

/** A small integer, which a Map finds without hashing a text. */
function numberOf(token: string): number {
  const end = token.length - BEHIND;
  let number = 0;
  for (let i = Math.max(0, end - LETTERS); i < end; i += 1)
    number = Math.imul(number ^ token.charCodeAt(i), 0x9e3779b1);
  return number;
}
