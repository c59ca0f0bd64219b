import type { Origin } from '../../deprovision/index.js';
import type { Transactions } from '../../kernel/tx.js';
import type { Sealer } from '../../platform/crypto/sealer.js';
import { WakeUp } from '../../platform/loop/wake-up.js';
import { pause } from '../../platform/time/pause.js';
import type { Told } from '../present/bulk.js';
import { addJob, jobResult } from '../postgres/bulk-jobs.js';
import type { Interop } from '../read/edit.js';
import { doneIn } from './outcome.js';

/** Of one connection. Beyond that a request is carried out at once, as if nobody had asked for anything else. */
const MOST_WAITING = 100;
const LOOK_AGAIN_MS = 100;

export const requestPlace = (id: string): string => `bulk_jobs.request.${id}`;
export const resultPlace = (id: string): string => `bulk_jobs.result.${id}`;

/** Bulk requests that are answered before they are carried out (RFC 9967 §2.5.1). */
export class BulkJobs {
  /** Rings when there is something to do. */
  readonly added = new WakeUp();
  readonly #transactions: Transactions;
  readonly #sealer: Sealer;

  constructor(transactions: Transactions, sealer: Sealer) {
    this.#transactions = transactions;
    this.#sealer = sealer;
  }

  /**
   * Keeps the request, under the id of the request. When it resolves with true, the request has been committed and will
   * be carried out, whatever happens to this process.
   *
   * @returns false when too many of the connection wait
   */
  async accept(
    { organization, connection, requestId: id, receivedAt }: Origin,
    { body, interop }: { readonly body: unknown; readonly interop: Interop },
  ): Promise<boolean> {
    const request = this.#sealer.seal(Buffer.from(JSON.stringify(body)), requestPlace(id));
    const job = { organization, connection, id, interop, receivedAt, request };
    const isKept = await this.#transactions.run('service', (tx) => addJob(tx, job, MOST_WAITING));
    if (isKept) this.added.ring();
    return isKept;
  }

  /** @returns what became of it, `'open'` while it goes on; null when the connection has no such job (any more) */
  async look(
    { organization, connection }: Pick<Origin, 'organization' | 'connection'>,
    id: string,
  ): Promise<readonly Told[] | 'open' | null> {
    const found = await this.#transactions.read('service', (tx) =>
      jobResult(tx, { organization, connection, id }),
    );
    if (found === null) return null;
    if (found.result === null) return 'open';
    const text = Buffer.from(this.#sealer.open(found.result, resultPlace(id))).toString('utf8');
    const kept = JSON.parse(text) as readonly (Pick<Told, 'operation'> & { done: unknown })[];
    return kept.map(({ operation, done }) => ({ operation, done: doneIn(done) }));
  }

  /** The same, once it is done or so many seconds have passed. */
  async await(
    origin: Pick<Origin, 'organization' | 'connection'>,
    id: string,
    seconds: number,
  ): Promise<readonly Told[] | 'open' | null> {
    const over = AbortSignal.timeout(seconds * 1_000);
    let seen = await this.look(origin, id);
    while (seen === 'open' && !over.aborted) {
      await pause(LOOK_AGAIN_MS, over);
      seen = await this.look(origin, id);
    }
    return seen;
  }
}
