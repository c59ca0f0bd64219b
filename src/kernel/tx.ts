declare const open: unique symbol;

/** An open transaction. Always an argument, never ambient; only `platform/postgres` can look inside. */
export interface Tx {
  readonly [open]: true;
}

/**
 * Which connection pool serves the work. Revocations have one of their own, so that nothing else can
 * make them wait (P8); so have the `doors` that they come through: who knocks never waits for those who are inside;
 * `background` is for sweepers, watermarks and receipts; `introspection` is small, and what
 * does not fit into it is refused.
 */
export type Lane = 'deprovision' | 'doors' | 'service' | 'background' | 'introspection';

export abstract class Transactions {
  /**
   * Runs `work` in one READ COMMITTED transaction. When the promise resolves, COMMIT has returned; when it
   * rejects, nothing of it has been written, unless the reply to COMMIT was lost. `work` runs again from its
   * start after a deadlock or serialization failure, so it keeps its effects inside `tx`.
   *
   * @throws DomainError `store.unavailable` when PostgreSQL cannot be reached or does not answer
   */
  abstract run<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T>;

  /** Runs single statements on a connection of the lane, each committing by itself. */
  abstract read<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T>;
}
