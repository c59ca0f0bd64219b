import type { Transactions, Tx } from '../../kernel/tx.js';
import type { Log } from '../log/log.js';
import { pause } from '../time/pause.js';

export interface RetentionParts {
  readonly transactions: Transactions;
  readonly log: Log;
  /** What is deleted, in a log line. */
  readonly what: string;
  /** Deletes rows that are older than they must be, `limit` at most, and says how many. */
  readonly deleteSome: (tx: Tx, limit: number) => Promise<number>;
  /** Rows of one transaction. */
  readonly page?: number;
}

const HOUR_MS = 3_600_000;
const PAGE = 1_000;

/** At start and every hour: deletes what need not be kept any longer. Every replica does this; more often does no harm. */
export class Retention {
  readonly #parts: RetentionParts;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.runOnce(stop);
      await pause(HOUR_MS, stop);
    }
  }

  /** Never throws: what fails is said and tried again an hour later. */
  async runOnce(stop: AbortSignal): Promise<void> {
    const { transactions, log, what, deleteSome, page = PAGE } = this.#parts;
    let deleted = 0;
    try {
      for (let some = page; some === page && !stop.aborted; deleted += some)
        some = await transactions.run('background', (tx) => deleteSome(tx, page));
    } catch (error) {
      log.warn('old rows could not be deleted yet', { what, error });
    }
    if (deleted > 0) log.info('old rows were deleted', { what, deleted });
  }
}
