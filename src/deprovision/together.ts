import type { Tx } from '../kernel/tx.js';
import type { Committed } from './commits.js';
import type { AlongsideChange } from './deprovision.js';

/** The same work, and what a door writes beside it. */
export const together =
  <T>(work: (tx: Tx) => Promise<Committed<T>>, alongside?: AlongsideChange<T>) =>
  async (tx: Tx): Promise<Committed<T>> => {
    const done = await work(tx);
    await alongside?.(tx, done.outcome);
    return done;
  };
