import { DomainError } from '../kernel/domain-error.js';
import { FairQueue } from '../outbox/index.js';

/** An IdP that waits longer than this gives up by itself. */
const PATIENCE_MS = 10_000;

interface Waiting {
  readonly begin: () => void;
  hasLeft: boolean;
}

/**
 * Lets so many changes run at once, and organizations take turns: ten thousand changes of one make a leaver of another
 * wait for the few that run, not for all that came before.
 */
export class Turns {
  readonly #atOnce: number;
  readonly #patienceMs: number;
  readonly #waiting = new FairQueue<Waiting>();
  #running = 0;

  constructor(atOnce: number, patienceMs = PATIENCE_MS) {
    this.#atOnce = atOnce;
    this.#patienceMs = patienceMs;
  }

  /** @throws DomainError `store.unavailable` when no turn came in time; `work` has not begun then */
  async run<T>(organization: string, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#atOnce) this.#running += 1;
    else await this.#turn(organization);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  /** The place of the one that ends goes on to the next, without being free in between. */
  #next(): void {
    for (;;) {
      const [next] = this.#waiting.take(1);
      if (next === undefined) {
        this.#running -= 1;
        return;
      }
      if (next.hasLeft) continue;
      next.begin();
      return;
    }
  }

  #turn(organization: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        waiting.hasLeft = true;
        reject(new DomainError('store.unavailable', 'too many changes are waiting'));
      }, this.#patienceMs);
      const waiting: Waiting = {
        hasLeft: false,
        begin: () => {
          clearTimeout(late);
          resolve();
        },
      };
      this.#waiting.add(organization, waiting);
    });
  }
}
