import type { Clock } from '../kernel/clock.js';
import { newId, type EntryId } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import type { Log } from '../platform/log/log.js';
import { pause } from '../platform/time/pause.js';
import type { AuditLog } from './audit-log.js';
import type { AuditEntry } from './domain/entry.js';
import {
  isOver,
  keyOf,
  minuteOf,
  refusalEntry,
  type RefusalCount,
} from './domain/refusal-counts.js';
import { Refusals, type Refusal } from './refusals.js';

const LOOK_EVERY_MS = 5_000;

/** With so many kinds of refusal waiting (PostgreSQL has been away for long), new minutes join old counts. */
const MOST_COUNTS = 10_000;

/** One statement takes this many entries. */
const BATCH = 500;

export interface RefusalParts {
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Log;
}

/** Counts in memory and writes each minute that is over, outside of every request's transaction. */
export class CountedRefusals extends Refusals {
  readonly #parts: RefusalParts;
  readonly #totals = new Map<string, Map<string, number>>();
  /** Only this object changes it; counts leave it when their entry has been made. */
  readonly #counts = new Map<string, RefusalCount>();
  /** Entries that are made and not known to be written. Each keeps its id, so that a second try writes none twice. */
  #unwritten: readonly AuditEntry[] = [];

  constructor(parts: RefusalParts) {
    super();
    this.#parts = parts;
  }

  /** Refusals since the start: doors and reasons are few, and nobody outside can add one. */
  *totals(): Iterable<readonly [{ readonly door: string; readonly reason: string }, number]> {
    for (const [door, reasons] of this.#totals)
      for (const [reason, count] of reasons) yield [{ door, reason }, count];
  }

  override count(refusal: Refusal): void {
    const reasons = this.#totals.get(refusal.door) ?? new Map<string, number>();
    this.#totals.set(refusal.door, reasons);
    reasons.set(refusal.reason, (reasons.get(refusal.reason) ?? 0) + 1);
    const now = this.#parts.clock.now().getTime();
    const waiting = this.#counts.size + this.#unwritten.length;
    const key = keyOf(refusal, waiting < MOST_COUNTS ? minuteOf(now) : 0);
    const before = this.#counts.get(key);
    this.#counts.set(key, {
      refusal,
      minute: before?.minute ?? minuteOf(now),
      count: (before?.count ?? 0) + 1,
      firstAt: before?.firstAt ?? now,
      lastAt: now,
    });
  }

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await pause(LOOK_EVERY_MS, stop);
      await this.flush('over');
    }
    await this.flush('all');
  }

  /** Writes the minutes that are over, or all there is. Never throws: what cannot be written waits. */
  async flush(which: 'over' | 'all'): Promise<void> {
    try {
      // While the database is away, counts go on in memory instead of becoming ever more entries.
      await this.#writeEntries();
      this.#makeEntries(which);
      await this.#writeEntries();
    } catch (error) {
      this.#parts.log.warn('refusals could not be written to the audit log yet', { error });
    }
  }

  #makeEntries(which: 'over' | 'all'): void {
    const now = this.#parts.clock.now().getTime();
    const made: AuditEntry[] = [];
    for (const [key, counted] of this.#counts) {
      if (which === 'over' && !isOver(counted, now)) continue;
      this.#counts.delete(key);
      made.push(refusalEntry(newId<EntryId>(), counted));
    }
    this.#unwritten = [...this.#unwritten, ...made];
  }

  async #writeEntries(): Promise<void> {
    const { transactions, audit } = this.#parts;
    while (this.#unwritten.length > 0) {
      const batch = this.#unwritten.slice(0, BATCH);
      await transactions.run('background', (tx) => audit.append(tx, batch));
      // From here they are in the log. Had the reply to COMMIT been lost, the next try would write the same ids.
      const written = new Set(batch);
      this.#unwritten = this.#unwritten.filter((entry) => !written.has(entry));
    }
  }
}
