import type { KeyObject } from 'node:crypto';
import type { ForeignIssuer } from '../../contract/lease.js';
import {
  readForeignJwks,
  type ForeignAlgorithm,
  type ForeignJwk,
} from '../../contract/read-foreign-jwks.js';
import type { Clock } from '../../kernel/clock.js';
import { ForeignKeySet } from '../crypto/foreign-keys.js';

export interface IssuerKeysParts {
  /** Gets a set of keys. @throws anything when it cannot */
  readonly fetch: (url: string) => Promise<unknown>;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
}

/** Between two fetches at least, milliseconds: unknown key ids cannot make us ask an issuer more often. */
const FLOOR_MS = 5_000;
/** A key that the issuer has withdrawn is good for so long at most, milliseconds, while the issuer can be reached. */
const AGE_MS = 60_000;

/** The keys of one foreign issuer: those of its registration, or those of the address that stands there. */
export class IssuerKeys {
  readonly #url: string | null;
  readonly #parts: IssuerKeysParts;
  #keys = new ForeignKeySet([]);
  #askedAtMs = -Infinity;
  #asking: Promise<boolean> | null = null;

  constructor({ jwks_url: url, jwks }: ForeignIssuer, parts: IssuerKeysParts) {
    this.#url = url;
    this.#parts = parts;
    if (url === null) this.#keys = new ForeignKeySet(keysIn(jwks));
  }

  find(algorithm: ForeignAlgorithm, kid: string): KeyObject | undefined {
    return this.#keys.find(algorithm, kid);
  }

  get isOld(): boolean {
    return this.#url !== null && this.#ageMs >= AGE_MS;
  }

  get #ageMs(): number {
    return this.#parts.clock.monotonicMs() - this.#askedAtMs;
  }

  /**
   * Asks for the keys again, once for all who want them now. Resolves with true when they have come, or are those of
   * the registration; false when that failed, or when it is too early to ask.
   */
  async refresh(): Promise<boolean> {
    if (this.#url === null) return true;
    if (this.#asking !== null) return this.#asking;
    if (this.#ageMs < FLOOR_MS) return false;
    this.#askedAtMs = this.#parts.clock.monotonicMs();
    this.#asking = this.#ask(this.#url);
    return this.#asking;
  }

  async #ask(url: string): Promise<boolean> {
    try {
      this.#keys = new ForeignKeySet(readForeignJwks(await this.#parts.fetch(url)), this.#keys);
      return true;
    } catch (error) {
      this.#parts.onFailure(error);
      return false;
    } finally {
      this.#asking = null;
    }
  }
}

function keysIn(jwks: unknown): readonly ForeignJwk[] {
  try {
    return readForeignJwks(jwks);
  } catch {
    return [];
  }
}
