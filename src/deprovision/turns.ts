import { DomainError } from '../kernel/domain-error.js';
import { FairQueue } from '../outbox/index.js';

/** An IdP that waits longer than this gives up by itself. */
const PATIENCE_MS = 10_000;

/** Of as many leavers that go one after the other while edits wait, the next turn is an edit's: none waits for ever. */
const LEAVERS_IN_A_ROW = 8;
/** Far more than get their turn within the patience. Leavers are never too many. */
const MOST_EDITS = 10_000;

/** Whether a change takes somebody's access away, as far as can be told before anything is read. */
export type Haste = 'leaver' | 'edit';

interface Waiting {
  readonly begin: () => void;
  hasLeft: boolean;
}

/**
 * Lets so many changes run at once. Leavers go first, and organizations take turns: ten thousand changes of one make a
 * leaver of another wait for the few that run, not for all that came before, and its own renames do not either.
 */
export class Turns {
  readonly #atOnce: number;
  readonly #patienceMs: number;
  readonly #waiting = { leaver: new FairQueue<Waiting>(), edit: new FairQueue<Waiting>() };
  #running = 0;
  #leaversInARow = 0;

  constructor(atOnce: number, patienceMs = PATIENCE_MS) {
    this.#atOnce = atOnce;
    this.#patienceMs = patienceMs;
  }

  /** @throws DomainError `store.unavailable` when no turn came in time; `work` has not begun then */
  async run<T>(organization: string, haste: Haste, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#atOnce) this.#running += 1;
    else await this.#turn(organization, haste);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  /** The place of the one that ends goes on to the next, without being free in between. */
  #next(): void {
    for (;;) {
      const next = this.#take();
      if (next === undefined) {
        this.#running -= 1;
        return;
      }
      if (next.hasLeft) continue;
      next.begin();
      return;
    }
  }

  #take(): Waiting | undefined {
    const { leaver, edit } = this.#waiting;
    const isEditsTurn = leaver.size === 0 || this.#leaversInARow >= LEAVERS_IN_A_ROW;
    if (edit.size > 0 && isEditsTurn) {
      this.#leaversInARow = 0;
      return edit.take(1)[0];
    }
    const [next] = leaver.take(1);
    if (next?.hasLeft === false) this.#leaversInARow += 1;
    return next;
  }

  #turn(organization: string, haste: Haste): Promise<void> {
    const line = this.#waiting[haste];
    if (haste === 'edit' && line.size >= MOST_EDITS) return Promise.reject(tooMany());
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        waiting.hasLeft = true;
        reject(tooMany());
      }, this.#patienceMs);
      const waiting: Waiting = {
        hasLeft: false,
        begin: () => {
          clearTimeout(late);
          resolve();
        },
      };
      line.add(organization, waiting);
    });
  }
}

const tooMany = (): DomainError =>
  new DomainError('store.unavailable', 'too many changes are waiting');
