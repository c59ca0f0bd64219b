import type { DomainError } from '../../kernel/domain-error.js';
import type { Transactions, Tx } from '../../kernel/tx.js';
import { AlreadyDone, type Journal, type Place } from '../bulk.js';
import type { Done } from '../bulk-order.js';
import { listSteps, writeStep, type JobKey } from '../postgres/bulk-job-steps.js';
import { doneIn, kept } from './outcome.js';

/** This run has to end: the process stops, or another has taken the job over. */
export class RunOver extends Error {}

const nameOf = ({ index, step }: Place): string => `${index} ${step}`;

/** What becomes of the operations of one job, in PostgreSQL: each outcome commits with its change, once. */
export class JobJournal implements Journal {
  readonly givesUp: boolean;
  readonly #transactions: Transactions;
  readonly #job: JobKey;
  readonly #over: AbortSignal;
  /** As it stood when this run began. */
  readonly #known: ReadonlyMap<string, Done>;

  private constructor(
    parts: {
      readonly transactions: Transactions;
      readonly job: JobKey;
      readonly givesUp: boolean;
      readonly over: AbortSignal;
    },
    known: ReadonlyMap<string, Done>,
  ) {
    this.#transactions = parts.transactions;
    this.#job = parts.job;
    this.givesUp = parts.givesUp;
    this.#over = parts.over;
    this.#known = known;
  }

  static async open(parts: {
    readonly transactions: Transactions;
    readonly job: JobKey;
    readonly givesUp: boolean;
    readonly over: AbortSignal;
  }): Promise<JobJournal> {
    return new JobJournal(parts, await stepsOf(parts.transactions, parts.job));
  }

  known(place: Place): Done | null {
    return this.#known.get(nameOf(place)) ?? null;
  }

  // From here the change and its outcome stand or fall together. If we die before COMMIT, another run does it; if we die
  // after it, another run finds it done.
  readonly note = async (tx: Tx, place: Place, done: Done): Promise<void> => {
    if (!(await writeStep(tx, this.#job, { ...place, done: kept(done) }))) throw new AlreadyDone();
  };

  async lookUp(place: Place): Promise<Done> {
    const found = (await stepsOf(this.#transactions, this.#job)).get(nameOf(place));
    // Its steps are gone when another run has finished the job.
    if (found === undefined) throw new RunOver();
    return found;
  }

  async refuse(place: Place, why: DomainError): Promise<Done> {
    const done: Done = { kind: 'refused', why };
    const isOurs = await this.#transactions.run('service', (tx) =>
      writeStep(tx, this.#job, { ...place, done: kept(done) }),
    );
    return isOurs ? done : this.lookUp(place);
  }

  goOn(): void {
    if (this.#over.aborted) throw new RunOver();
  }
}

async function stepsOf(transactions: Transactions, job: JobKey): Promise<Map<string, Done>> {
  const steps = await transactions.read('service', (tx) => listSteps(tx, job));
  return new Map(steps.map((step) => [nameOf(step), doneIn(step.done)]));
}
