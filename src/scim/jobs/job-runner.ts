import type { Origin, ResourceEvents } from '../../deprovision/index.js';
import { newId, type Id } from '../../kernel/ids.js';
import type { Transactions } from '../../kernel/tx.js';
import type { Sealer } from '../../platform/crypto/sealer.js';
import type { Log } from '../../platform/log/log.js';
import { pause } from '../../platform/time/pause.js';
import type { Performed, ScimBulk } from '../bulk.js';
import { completionsOf } from '../present/completions.js';
import { refusedWith } from '../present/errors.js';
import { dropJob, finishJob, holdJob, takeJob, type OpenJob } from '../postgres/bulk-jobs.js';
import { readBody } from '../read/body.js';
import { readBulk } from '../read/bulk.js';
import { requestPlace, resultPlace, type BulkJobs } from './bulk-jobs.js';
import { JobJournal, RunOver } from './job-journal.js';
import { kept } from './outcome.js';

export interface RunnerParts {
  readonly transactions: Transactions;
  readonly bulk: ScimBulk;
  readonly jobs: BulkJobs;
  readonly events: ResourceEvents;
  readonly sealer: Sealer;
  readonly log: Log;
}

/** Whoever has a job and says nothing for so long has died; another takes it. */
const HOLD_MS = 15_000;
const RENEW_MS = 5_000;
const EVERY_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;
/** Trouble of ours that has lasted so long becomes the outcome. */
const GIVES_UP_AFTER_MS = 86_400_000;

type Mine = Pick<OpenJob, 'organization' | 'id'> & { readonly holder: Id<'worker'> };

/**
 * Carries out what has been put off, one request after the other. All replicas share the work. What a run leaves undone,
 * because it dies or is stopped or meets trouble, another goes on with: each operation has its effect once.
 */
export class JobRunner {
  readonly #parts: RunnerParts;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  async run(stop: AbortSignal): Promise<void> {
    const { jobs, log } = this.#parts;
    while (!stop.aborted) {
      try {
        if (await this.runOnce(stop)) continue;
      } catch (error) {
        log.warn('a bulk request could not be gone on with yet', { error });
      }
      await jobs.added.wait(AbortSignal.any([stop, AbortSignal.timeout(EVERY_MS)]));
    }
  }

  /** @returns false when there is nothing to do */
  async runOnce(stop: AbortSignal): Promise<boolean> {
    const { transactions } = this.#parts;
    const holder = newId<Id<'worker'>>();
    const job = await transactions.run('background', (tx) => takeJob(tx, holder, HOLD_MS));
    if (job === null) return false;
    const mine = { organization: job.organization, id: job.id, holder };
    const over = new AbortController();
    const renewing = this.#renew(mine, over);
    const end = AbortSignal.any([stop, over.signal]);
    try {
      await this.#carryOut(job, end);
    } catch (error) {
      if (error instanceof RunOver) await this.#hold(mine, 0);
      else await this.#putOff(job, mine, error);
    } finally {
      over.abort();
      await renewing;
    }
    return true;
  }

  async #carryOut(job: OpenJob, over: AbortSignal): Promise<void> {
    const { transactions, bulk, sealer, events } = this.#parts;
    const { id, organization, connection, receivedAt, interop } = job;
    // Nobody is there who could ask what became of it, and nothing may be done in the name of who was turned away.
    if (!job.isWanted) return transactions.run('background', (tx) => dropJob(tx, job));
    const origin: Origin = { organization, connection, requestId: id, receivedAt };
    const request = readBulk(readBody(sealer.open(job.request, requestPlace(id))));
    const givesUp = job.ageMs > GIVES_UP_AFTER_MS;
    const journal = await JobJournal.open({ transactions, job, givesUp, over });
    const performed = await bulk.resume(origin, { request, interop }, journal);
    const told = performed.map(briefly);
    const text = JSON.stringify(
      told.map(({ operation, done }) => ({ operation, done: kept(done) })),
    );
    const result = sealer.seal(Buffer.from(text), resultPlace(id));
    await transactions.run('background', async (tx) => {
      const finishedAt = await finishJob(tx, job, result);
      if (finishedAt !== null) await events.tell(tx, origin, completionsOf(id, told, refusedWith));
    });
  }

  /** After trouble that is no outcome of an operation. */
  async #putOff(job: OpenJob, mine: Mine, error: unknown): Promise<void> {
    const { transactions, log } = this.#parts;
    if (job.ageMs > GIVES_UP_AFTER_MS) {
      log.error('a bulk request is given up', { job: job.id, error });
      return transactions.run('background', (tx) => dropJob(tx, job));
    }
    log.warn('a bulk request met trouble; it is gone on with', { job: job.id, error });
    await this.#hold(mine, Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** Math.min(job.tries, 10)));
  }

  /** A run that cannot say that it lives lets go: another may have the job already. */
  async #renew(mine: Mine, over: AbortController): Promise<void> {
    for (;;) {
      await pause(RENEW_MS, over.signal);
      if (over.signal.aborted) return;
      if (!(await this.#hold(mine, HOLD_MS))) over.abort();
    }
  }

  async #hold(mine: Mine, ms: number): Promise<boolean> {
    const { transactions, log } = this.#parts;
    try {
      return await transactions.run('background', (tx) =>
        holdJob(tx, mine, { holder: mine.holder, ms }),
      );
    } catch (error) {
      log.warn('the hold on a bulk request could not be written', { job: mine.id, error });
      return false;
    }
  }
}

/** What is told of an operation, without what it said. */
const briefly = ({ operation, done }: Performed) => {
  const { index, method, bulkId } = operation;
  const place = 'type' in operation ? { type: operation.type, id: operation.id } : {};
  return { operation: { index, method, bulkId, ...place }, done };
};
