import type { UserId } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import { rosterNames, type PresentedPerson } from './domain/roster-names.js';
import {
  addRosterNames,
  compareRoster,
  countRosterNames,
  dropRosterNames,
} from './postgres/roster-names.js';
import {
  PresentedRosters,
  type ComparedPerson,
  type PresentedRoster,
} from './presented-rosters.js';

/** Rows of one statement that forgets. */
const PAGE = 20_000;

export class StoredPresentedRosters extends PresentedRosters {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    super();
    this.#transactions = transactions;
  }

  override add(roster: PresentedRoster, people: readonly PresentedPerson[]): Promise<number> {
    // In one order, so that two rosters that are read at once never wait for each other both ways.
    const names = [...new Set(people.flatMap(rosterNames))].sort();
    if (names.length === 0) return Promise.resolve(0);
    return this.#transactions.run('service', (tx) => addRosterNames(tx, roster, names));
  }

  override compare(
    roster: PresentedRoster,
    page: { readonly after: UserId | null; readonly limit: number },
  ): Promise<readonly ComparedPerson[]> {
    return this.#transactions.read('service', (tx) => compareRoster(tx, roster, page));
  }

  override count({ id }: PresentedRoster): Promise<number> {
    return this.#transactions.read('service', (tx) => countRosterNames(tx, id));
  }

  override async drop({ id }: PresentedRoster): Promise<void> {
    let dropped = PAGE;
    while (dropped === PAGE)
      dropped = await this.#transactions.run('service', (tx) => dropRosterNames(tx, id, PAGE));
  }
}
