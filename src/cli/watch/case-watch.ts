import { caseView, type CaseName, type Cases, type CaseView } from '../../cases/index.js';
import type { Clock } from '../../kernel/clock.js';
import type { CaseId } from '../../kernel/ids.js';
import type { Transactions, Tx } from '../../kernel/tx.js';
import type { Enforcements } from '../../outbox/index.js';
import { newsOf, type News } from './news.js';
import { recentCases } from '../../cases/postgres/recent-cases.js';

export interface CaseWatchParts {
  readonly transactions: Transactions;
  readonly cases: Cases;
  readonly enforcements: Enforcements;
  readonly clock: Clock;
  /** S, milliseconds. */
  readonly stalenessMs: number;
}

/** A transaction may commit so long after its case got its id. */
const LATE_MS = 30_000;
/** A gateway that answers later than this is news for nobody any more. */
const WATCHED_MS = 300_000;
/** Cases that are followed at once; the oldest give way. */
const MOST = 500;

/** What happens to the cases of the whole installation from now on. Holds only what is under way. */
export class CaseWatch {
  readonly #parts: CaseWatchParts;
  readonly #beganAt: Date;
  readonly #watched = new Map<string, { readonly name: CaseName; readonly view: CaseView }>();
  /** Over, but still among the recent ones. */
  #done = new Map<CaseId, number>();

  constructor(parts: CaseWatchParts) {
    this.#parts = parts;
    this.#beganAt = parts.clock.now();
  }

  async look(): Promise<readonly News[]> {
    return this.#parts.transactions.read('background', async (tx) => {
      const now = this.#parts.clock.now();
      const since = Math.max(now.getTime() - LATE_MS, this.#beganAt.getTime());
      const fresh = (await recentCases(tx, new Date(since), MOST)).filter(
        ({ id }) => !this.#watched.has(id) && !this.#done.has(id),
      );
      const names = [...[...this.#watched.values()].map(({ name }) => name), ...fresh];
      const views = names.length === 0 ? [] : await this.#views(tx, names, now);
      this.#done = new Map([...this.#done].filter(([, at]) => at > now.getTime() - 2 * LATE_MS));
      const byId = new Map(names.map((name) => [name.id as string, name]));
      return views.flatMap((view) => this.#take(byId.get(view.id), view, now));
    });
  }

  async #views(tx: Tx, names: readonly CaseName[], now: Date): Promise<CaseView[]> {
    const { cases, enforcements, stalenessMs } = this.#parts;
    const found = await cases.these(tx, names);
    const known = await enforcements.of(tx, found);
    return found.map((one) =>
      caseView(one, known.get(one.id) ?? { records: [], processes: [] }, { now, stalenessMs }),
    );
  }

  #take(name: CaseName | undefined, view: CaseView, now: Date): readonly News[] {
    if (name === undefined) return [];
    const before = this.#watched.get(view.id)?.view ?? null;
    const isOver =
      view.state === 'enforced' ||
      (view.state === 'bounded' && view.gateways.length === 0) ||
      now.getTime() - Date.parse(view.timeline.received_at) > WATCHED_MS;
    this.#watched.delete(view.id);
    if (isOver) this.#done.set(name.id, now.getTime());
    else this.#watched.set(view.id, { name, view });
    const [oldest] = this.#watched.values();
    if (this.#watched.size > MOST && oldest !== undefined) {
      this.#watched.delete(oldest.view.id);
      this.#done.set(oldest.name.id, now.getTime());
    }
    return newsOf(before, view);
  }
}
