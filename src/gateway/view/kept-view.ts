import type { Scope } from '../../contract/revocation-record.js';
import type { Freshness } from './freshness.js';
import type { Now } from './now.js';

/** Scope, subject (of a foreign issuer: organization, slash, subject), the least good value, and the minute of its revocation. */
export type KeptEntry = readonly [scope: Scope, subject: string, least: number, minute: number];

/** Everything that was acknowledged before `tMs` and could be read, and perhaps some of what came after. */
export interface KeptView {
  readonly installation: string;
  readonly topic: string;
  readonly epoch: number;
  /** Unix milliseconds, the primary's. */
  readonly tMs: number;
  /** When a message of a later version came (unix milliseconds) that may still matter: nobody may go by this view. */
  readonly unreadMs: number | null;
  readonly entries: Iterable<KeptEntry>;
}

/**
 * How old a view is that a process before this one has left. It is never fresh, however young it claims to be: only the
 * wall clock knows how long nobody followed, and an older copy may have been put back.
 */
export class Restored {
  #at: Now | null = null;

  begin(tMs: number, now: Now, skewMs: number): void {
    const isFuture = tMs > now.wallMs + skewMs;
    const wallMs = isFuture ? -Infinity : tMs;
    this.#at = { wallMs, monotonicMs: now.monotonicMs - (now.wallMs - wallMs) };
  }

  /** `found`: what has been followed since. */
  orYounger(found: Freshness, ageMs: (since: Now) => number): Freshness {
    if (this.#at === null || found.state === 'fresh' || found.state === 'unusable') return found;
    const restoredMs = ageMs(this.#at);
    if (found.state === 'stale' && found.ageMs <= restoredMs) return found;
    return { state: 'stale', ageMs: restoredMs, why: 'restored' };
  }
}
