import type {
  ComparedPerson,
  ConnectionName,
  PresentedPerson,
  PresentedRoster,
  PresentedRosters,
} from '../../directory/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { newId, type UserId } from '../../kernel/ids.js';
import type { Transactions } from '../../kernel/tx.js';
import type { Log } from '../../platform/log/log.js';
import type { SubjectReports } from '../../tokens/index.js';
import { insertFindings } from '../postgres/reconciliations.js';
import type { Comparison } from './judge-apply.js';
import type { RosterReading } from './read-roster.js';
import type { Finding, Reconciliation, ReconciliationId } from './reconciliation.js';

/** So many of the connection's people are looked at together. */
const PEOPLE = 1_000;
/** So many rows of the roster, about, are written together. */
const WRITTEN = 4_000;

type Counts = Pick<Comparison, 'people' | 'missing' | 'withLiveTokens'>;

/** Compares a roster with whom its connection has told us of, and writes down who holds live tokens and is not on it. */
export class RosterComparison {
  readonly #transactions: Transactions;
  readonly #rosters: PresentedRosters;
  readonly #reports: SubjectReports;
  readonly #log: Log;

  constructor(parts: {
    readonly transactions: Transactions;
    readonly rosters: PresentedRosters;
    readonly reports: SubjectReports;
    readonly log: Log;
  }) {
    this.#transactions = parts.transactions;
    this.#rosters = parts.rosters;
    this.#reports = parts.reports;
    this.#log = parts.log;
  }

  /** @throws DomainError those of the reading; `store.unavailable` when the roster was lost while it was compared */
  async of(
    connection: ConnectionName,
    id: ReconciliationId,
    reading: RosterReading,
  ): Promise<Comparison & { readonly digest: string }> {
    const roster: PresentedRoster = { id: newId(), connection };
    try {
      const { names, ...read } = await this.#keep(roster, reading);
      const counts = await this.#look(roster, { organization: connection.organization, id });
      if ((await this.#rosters.count(roster)) !== names)
        throw new DomainError('store.unavailable', 'the roster was lost on the way; send it again');
      return { ...read, ...counts };
    } finally {
      await this.#forget(roster);
    }
  }

  /** Writes the names of those who are there, as they come: some are written while the next are read. */
  async #keep(roster: PresentedRoster, reading: RosterReading) {
    const read = { rows: 0, present: 0, unreadable: 0, names: 0 };
    let people: PresentedPerson[] = [];
    let writing: Promise<number> = Promise.resolve(0);
    const write = async (): Promise<void> => {
      read.names += await writing;
      writing = this.#rosters.add(roster, people);
      // Whoever awaits it next hears of it.
      writing.catch(() => undefined);
      people = [];
    };
    try {
      for await (const rows of reading.rows) {
        read.rows += rows.length;
        for (const { kind, person } of rows) {
          if (kind === 'present') read.present += 1;
          if (kind === 'unreadable') read.unreadable += 1;
          // Who cannot be told to have left is there.
          if (kind !== 'absent' && person !== null) people.push(person);
        }
        if (people.length >= WRITTEN) await write();
      }
      await write();
      read.names += await writing;
    } finally {
      // Whoever forgets the roster now forgets all of it.
      await writing.catch(() => undefined);
    }
    return { ...read, digest: reading.digest() };
  }

  async #look(
    roster: PresentedRoster,
    at: Pick<Reconciliation, 'organization' | 'id'>,
  ): Promise<Counts> {
    const counts = { people: 0, missing: 0, withLiveTokens: 0 };
    let after: UserId | null = null;
    for (;;) {
      const page: readonly ComparedPerson[] = await this.#rosters.compare(roster, {
        after,
        limit: PEOPLE,
      });
      const missing = page.filter(({ isOnRoster }) => !isOnRoster);
      const findings = await this.#holders(at, missing);
      if (findings.length > 0)
        await this.#transactions.run('service', (tx) => insertFindings(tx, at, findings));
      counts.people += page.filter(({ isActive }) => isActive).length;
      counts.missing += missing.filter(({ isActive }) => isActive).length;
      counts.withLiveTokens += findings.length;
      if (page.length < PEOPLE) return counts;
      after = page.at(-1)?.user ?? null;
    }
  }

  async #holders(
    { organization }: Pick<Reconciliation, 'organization'>,
    people: readonly ComparedPerson[],
  ): Promise<readonly Omit<Finding, 'case'>[]> {
    if (people.length === 0) return [];

    const found = await this.#transactions.read('service', (tx) =>
      this.#reports.of(
        tx,
        organization,
        'user',
        people.map(({ user }) => user),
      ),
    );
    return people
      .map(({ user, isActive }) => ({
        user,
        isActive,
        liveTokens: found.get(user)?.liveTokens ?? 0,
      }))
      .filter(({ liveTokens }) => liveTokens > 0);
  }

  async #forget(roster: PresentedRoster): Promise<void> {
    try {
      await this.#rosters.drop(roster);
    } catch (error) {
      this.#log.warn('a roster that was compared is dropped later', { error });
    }
  }
}
