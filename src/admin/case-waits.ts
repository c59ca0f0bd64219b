import type { CaseName, CaseView } from '../cases/index.js';
import type { CaseId, OrganizationId } from '../kernel/ids.js';
import type { Log } from '../platform/log/log.js';
import { Backoff } from '../platform/loop/backoff.js';
import { WakeUp } from '../platform/loop/wake-up.js';
import { pause } from '../platform/time/pause.js';

export interface WaitsParts {
  /** Reads many cases in one go. */
  readonly look: (cases: readonly CaseName[]) => Promise<readonly CaseView[]>;
  readonly log: Log;
  readonly eachMs?: number;
}

/** Proxies give up an answer after 60 s unless told. */
export const LONGEST_WAIT_S = 50;
/** How often the cases that are waited for are looked at. Receipts may come in at another replica. */
const EACH_MS = 50;
/** Cases in one look; more take turns. */
const AT_ONCE = 100;
const MOST_WAITERS = 1_000;
/** So that one organization does not take every place. */
const MOST_OF_ONE = 200;

interface Watched {
  readonly name: CaseName;
  latest: CaseView;
  readonly answers: Set<() => void>;
}

/** Those who wait until a case is no longer open. However many they are, one look at a time reads for all of them. */
export class CaseWaits {
  readonly #parts: WaitsParts;
  readonly #watched = new Map<CaseId, Watched>();
  readonly #wakeUp = new WakeUp();
  #isEnded = false;

  constructor(parts: WaitsParts) {
    this.#parts = parts;
  }

  /** How many wait. */
  get waiters(): number {
    return this.#count(() => true);
  }

  hasRoom(organization: OrganizationId | null): boolean {
    const own = this.#count(({ name }) => name.organization === organization);
    return own < MOST_OF_ONE && this.waiters < MOST_WAITERS;
  }

  /**
   * Resolves when the case is no longer open, after `ms`, when the asker is gone or when the service drains, with
   * what was seen last. Never rejects: while the database is away it goes on waiting.
   */
  async wait(name: CaseName, seen: CaseView, ms: number, gone: AbortSignal): Promise<CaseView> {
    if (this.#isEnded || gone.aborted || ms <= 0 || seen.state !== 'open') return seen;
    const watched = this.#watched.get(name.id) ?? { name, latest: seen, answers: new Set() };
    this.#watched.set(name.id, watched);
    await new Promise<void>((resolve) => {
      const answer = (): void => {
        clearTimeout(late);
        gone.removeEventListener('abort', answer);
        watched.answers.delete(answer);
        if (watched.answers.size === 0) this.#watched.delete(name.id);
        resolve();
      };
      const late = setTimeout(answer, ms);
      gone.addEventListener('abort', answer, { once: true });
      watched.answers.add(answer);
      this.#wakeUp.ring();
    });
    return watched.latest;
  }

  /** Answers everybody with what is known: a shutdown waits for nobody who only waits. */
  end(): void {
    this.#isEnded = true;
    for (const watched of [...this.#watched.values()]) answerAll(watched);
  }

  async run(stop: AbortSignal): Promise<void> {
    const { log, eachMs = EACH_MS } = this.#parts;
    const backoff = new Backoff(eachMs, 1_000);
    while (!stop.aborted) {
      if (this.#watched.size === 0) {
        await this.#wakeUp.wait(stop);
        continue;
      }
      try {
        await this.#look();
        backoff.reset();
        await pause(eachMs, stop);
      } catch (error) {
        log.warn('the cases that are waited for could not be read; trying again', { error });
        await pause(backoff.next(), stop);
      }
    }
  }

  async #look(): Promise<void> {
    const turn = [...this.#watched.values()].slice(0, AT_ONCE);
    const found = await this.#parts.look(turn.map(({ name }) => name));
    const views = new Map<string, CaseView>(found.map((view) => [view.id, view]));
    for (const watched of turn) {
      const { id } = watched.name;
      watched.latest = views.get(id) ?? watched.latest;
      if (watched.latest.state !== 'open') answerAll(watched);
      else if (this.#watched.get(id) === watched) {
        // Behind the others: their turn is next.
        this.#watched.delete(id);
        this.#watched.set(id, watched);
      }
    }
  }

  #count(which: (watched: Watched) => boolean): number {
    let waiters = 0;
    for (const watched of this.#watched.values())
      if (which(watched)) waiters += watched.answers.size;
    return waiters;
  }
}

function answerAll({ answers }: Watched): void {
  for (const answer of [...answers]) answer();
}
