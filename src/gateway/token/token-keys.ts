import type { KeyObject } from 'node:crypto';
import type { Jwks } from '../../contract/lease.js';
import type { Clock } from '../../kernel/clock.js';
import { PublicKeys } from '../crypto/public-keys.js';

export interface TokenKeysParts {
  /** Gets the installation's JWKS. @throws anything when it cannot */
  readonly fetch: () => Promise<Jwks>;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
  readonly onChange: (jwks: Jwks) => void;
  /** Between two fetches at least, milliseconds: unknown key ids cannot make us ask more often. */
  readonly floorMs?: number;
}

const FLOOR_MS = 5_000;

/** The pinned JWKS. It only ever comes from the installation's own address, never from a token. */
export class TokenKeys {
  readonly #parts: TokenKeysParts;
  #keys = new PublicKeys({ keys: [] });
  #askedAtMs = -Infinity;
  #asking: Promise<boolean> | null = null;

  constructor(parts: TokenKeysParts) {
    this.#parts = parts;
  }

  find(kid: string): KeyObject | undefined {
    return this.#keys.find(kid);
  }

  /** Keys that were kept from before. */
  restore(jwks: Jwks): void {
    this.#keys = new PublicKeys(jwks, this.#keys);
  }

  get isEmpty(): boolean {
    return this.#keys.isEmpty;
  }

  /** Milliseconds since the keys were last asked for. */
  get ageMs(): number {
    return this.#parts.clock.monotonicMs() - this.#askedAtMs;
  }

  /**
   * Asks for the keys again, once for all who want them now. Resolves with true when they have come; false when
   * that failed, or when it is too early to ask.
   */
  async refresh(): Promise<boolean> {
    if (this.#asking !== null) return this.#asking;
    if (this.ageMs < (this.#parts.floorMs ?? FLOOR_MS)) return false;
    this.#askedAtMs = this.#parts.clock.monotonicMs();
    this.#asking = this.#ask();
    return this.#asking;
  }

  async #ask(): Promise<boolean> {
    try {
      const jwks = await this.#parts.fetch();
      this.restore(jwks);
      this.#parts.onChange(jwks);
      return true;
    } catch (error) {
      this.#parts.onFailure(error);
      return false;
    } finally {
      this.#asking = null;
    }
  }
}
