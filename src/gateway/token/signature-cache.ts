import type { KeyObject } from 'node:crypto';
import type { AccessTokenClaims } from '../../contract/access-token.js';

/** A token whose signature was found good under `key`. Whether it may be used is never kept. */
export interface KnownToken {
  readonly token: string;
  readonly kid: string;
  readonly key: KeyObject;
  readonly claims: AccessTokenClaims;
}

/**
 * Remembers good signatures, so that a check costs a look-up instead of an Ed25519 verification. Entries are
 * found by the signature part, which is short, and count only if the *whole* token is the same: another payload
 * under a remembered signature finds nothing. Two halves take turns, so a hit writes nothing but at most a move
 * from the older half, and at most `size` tokens are held.
 */
export class SignatureCache<Known extends { readonly token: string } = KnownToken> {
  readonly #half: number;
  #young = new Map<string, Known>();
  #old = new Map<string, Known>();

  constructor(size: number) {
    if (!Number.isSafeInteger(size) || size < 2) throw new TypeError('the size is no count');
    this.#half = Math.floor(size / 2);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  find(token: string): Known | undefined {
    const signature = signatureOf(token);
    const young = this.#young.get(signature);
    if (young !== undefined) return young.token === token ? young : undefined;
    const old = this.#old.get(signature);
    if (old?.token !== token) return undefined;
    this.#old.delete(signature);
    this.#keep(signature, old);
    return old;
  }

  add(known: Known): void {
    this.#keep(signatureOf(known.token), known);
  }

  /** Lets a token go that nobody can use any more. */
  drop(token: string): void {
    const signature = signatureOf(token);
    this.#young.delete(signature);
    this.#old.delete(signature);
  }

  #keep(signature: string, known: Known): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(signature, known);
  }
}

const signatureOf = (token: string): string => token.slice(token.lastIndexOf('.') + 1);
