import type { Transactions } from '../kernel/tx.js';
import type { Log } from '../platform/log/log.js';
import { pause } from '../platform/time/pause.js';
import {
  archiveDay,
  dropDay,
  ensurePartitions,
  isDayNeeded,
  listOldDays,
  type Archived,
  type OutboxDay,
} from './postgres/partitions.js';

export interface DaysParts {
  readonly transactions: Transactions;
  readonly log: Log;
  /** How many whole days are kept. */
  readonly keepDays: number;
  /** Records that are archived in one statement. */
  readonly page?: number;
}

const HOUR_MS = 3_600_000;
const PAGE = 5_000;

/**
 * At start and every hour: makes the outbox's partitions of the coming days, and drops the oldest ones that nobody
 * needs. Every replica does this; more often does no harm.
 */
export class OutboxDays {
  readonly #parts: DaysParts;

  constructor(parts: DaysParts) {
    this.#parts = parts;
  }

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.runOnce(stop);
      await pause(HOUR_MS, stop);
    }
  }

  /** Never throws: what fails is said and tried again an hour later, when three days are still ahead. */
  async runOnce(stop: AbortSignal): Promise<void> {
    const { transactions, log } = this.#parts;
    try {
      await transactions.run('background', ensurePartitions);
    } catch (error) {
      log.alarm('outbox_partitions_missing', 'partitions of the outbox could not be made', {
        error,
      });
    }
    try {
      await this.#dropOld(stop);
    } catch (error) {
      log.warn('old partitions of the outbox could not be dropped yet', { error });
    }
  }

  async #dropOld(stop: AbortSignal): Promise<void> {
    const { transactions, log, keepDays } = this.#parts;
    const days = await transactions.read('background', (tx) => listOldDays(tx, keepDays));
    for (const day of days) {
      const isNeeded = await transactions.read('background', (tx) => isDayNeeded(tx, day));
      if (isNeeded || !(await this.#archive(day, stop))) {
        log.warn('an old day of the outbox is kept: not all of it is done', { day: day.day });
        continue;
      }
      // A transaction of its own: it locks the outbox until it ends.
      const isDropped = await transactions.run('background', (tx) => dropDay(tx, day, keepDays));
      if (isDropped) log.info('a day of the outbox was dropped', { day: day.day });
    }
  }

  /** @returns false when it was told to stop before the end */
  async #archive(day: OutboxDay, stop: AbortSignal): Promise<boolean> {
    const { transactions, page = PAGE } = this.#parts;
    let after: Archived | null = null;
    do {
      if (stop.aborted) return false;
      const from: Archived | null = after;
      after = await transactions.run('background', (tx) =>
        archiveDay(tx, day, { after: from, limit: page }),
      );
    } while (after !== null);
    return true;
  }
}
