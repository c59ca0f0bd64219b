import type { KeyObject } from 'node:crypto';
import type { ForeignIssuer } from '../../contract/lease.js';
import {
  readForeignJwks,
  type ForeignAlgorithm,
  type ForeignJwk,
} from '../../contract/read-foreign-jwks.js';
import type { Clock } from '../../kernel/clock.js';
import { ForeignKeySet } from '../crypto/foreign-keys.js';

/** The keys that an issuer's address has shown, and when (unix milliseconds). */
export interface KeptIssuer {
  /** As the lease named it then: under other terms they are nobody's. */
  readonly issuer: ForeignIssuer;
  readonly keys: readonly ForeignJwk[];
  readonly atMs: number;
}

export interface IssuerKeysParts {
  /** Gets a set of keys. @throws anything when it cannot */
  readonly fetch: (url: string) => Promise<unknown>;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
  /** An address has shown its keys. */
  readonly onKeys?: () => void;
}

/** Between two fetches at least, milliseconds: unknown key ids cannot make us ask an issuer more often. */
const FLOOR_MS = 5_000;
/** A key that the issuer has withdrawn is good for so long at most, milliseconds, while the issuer can be reached. */
const AGE_MS = 60_000;
/** A clock may have been set back a little (max_clock_skew), milliseconds. */
const FUTURE_MS = 1_000;

/** The keys of one foreign issuer: those of its registration, or those of the address that stands there. */
export class IssuerKeys {
  readonly #issuer: ForeignIssuer;
  readonly #url: string | null;
  readonly #parts: IssuerKeysParts;
  #keys = new ForeignKeySet([]);
  #shown: Omit<KeptIssuer, 'issuer'> | null = null;
  /** By the monotonic clock, when restored keys are over; null once the issuer has answered. */
  #restoredUntilMs: number | null = null;
  #askedAtMs = -Infinity;
  #asking: Promise<boolean> | null = null;

  constructor(issuer: ForeignIssuer, parts: IssuerKeysParts) {
    const { jwks_url: url, jwks } = issuer;
    this.#issuer = issuer;
    this.#url = url;
    this.#parts = parts;
    if (url === null) this.#keys = new ForeignKeySet(keysIn(jwks));
  }

  /** Nothing when it is not known what the issuer's keys are: then nobody may say that a token's key is unknown. */
  find(algorithm: ForeignAlgorithm, kid: string): KeyObject | undefined {
    return this.#isOver ? undefined : this.#keys.find(algorithm, kid);
  }

  /** Null when there is nothing that the lease does not say by itself. */
  keep(): KeptIssuer | null {
    return this.#url === null || this.#shown === null
      ? null
      : { issuer: this.#issuer, ...this.#shown };
  }

  /**
   * Goes by what the address showed a process before this one, until it answers, or until the longest life of its tokens
   * has passed: what it had signed by then has expired. A set from the future says nothing about its age.
   */
  restore({ issuer, keys, atMs }: KeptIssuer): void {
    const { clock } = this.#parts;
    const leftMs = this.#longestLifeMs - (clock.now().getTime() - atMs);
    const isGood = leftMs >= 0 && leftMs <= this.#longestLifeMs + FUTURE_MS;
    const isSame = JSON.stringify(issuer) === JSON.stringify(this.#issuer);
    if (this.#url === null || this.#shown !== null || !isSame || !isGood) return;
    this.#shown = { keys, atMs };
    this.#keys = new ForeignKeySet(keys);
    this.#restoredUntilMs = clock.monotonicMs() + leftMs;
  }

  /** By either clock: the one may be set back, the other may stand still while the machine sleeps. */
  get #isOver(): boolean {
    const { clock } = this.#parts;
    if (this.#restoredUntilMs === null || this.#shown === null) return false;
    const isOld = clock.now().getTime() - this.#shown.atMs > this.#longestLifeMs;
    return isOld || clock.monotonicMs() > this.#restoredUntilMs;
  }

  get #longestLifeMs(): number {
    return this.#issuer.max_ttl_s * 1_000;
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
      const keys = readForeignJwks(await this.#parts.fetch(url));
      this.#keys = new ForeignKeySet(keys, this.#keys);
      this.#shown = { keys, atMs: this.#parts.clock.now().getTime() };
      this.#restoredUntilMs = null;
      this.#parts.onKeys?.();
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
