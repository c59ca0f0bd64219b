import type { AuditLog } from '../../audit/index.js';
import type { Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import type { Transactions } from '../../kernel/tx.js';
import type { Log } from '../../platform/log/log.js';
import { pause } from '../../platform/time/pause.js';
import { ConnectionTraffic, type AnsweredRequest, type Sender } from '../connection-traffic.js';
import {
  emptyTally,
  noteAnswer,
  noteTurnedAway,
  outcomeOf,
  type Tally,
} from '../domain/traffic.js';
import { heardAgainEntry } from './silence-entries.js';
import { batchOf, type Batch } from './traffic-batch.js';
import { writeTraffic } from '../postgres/write-traffic.js';

const WRITE_EVERY_MS = 2_000;

/** Connections that are kept in mind while PostgreSQL is away. What others do meanwhile is not noted. */
const MOST_TALLIES = 10_000;
/** Requests that wait to be read again, of all connections: each may hold a body of 16 KiB. */
const MOST_REQUESTS = 2_000;

export interface TrafficParts {
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Log;
}

/** Notes in memory and writes every two seconds, outside of every request's transaction. */
export class NotedTraffic extends ConnectionTraffic {
  readonly #parts: TrafficParts;
  readonly #writer = newId();
  readonly #totals = new Map<string, Map<string, number>>();
  /** Only this object changes it; a tally leaves it when it becomes part of a batch. */
  #tallies = new Map<string, Tally>();
  #requests = 0;
  #seq = 0;
  /** Made and not known to be written: it keeps its number, so that a second try counts nothing twice. */
  #unwritten: Batch | null = null;

  constructor(parts: TrafficParts) {
    super();
    this.#parts = parts;
  }

  /** Requests since the start; operations and outcomes are few, and nobody outside can add one. */
  *totals(): Iterable<readonly [{ readonly operation: string; readonly outcome: string }, number]> {
    for (const [operation, outcomes] of this.#totals)
      for (const [outcome, count] of outcomes) yield [{ operation, outcome }, count];
  }

  override note(answered: AnsweredRequest): void {
    const outcomes = this.#totals.get(answered.operation) ?? new Map<string, number>();
    this.#totals.set(answered.operation, outcomes);
    const outcome = outcomeOf(answered.status);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    const tally = this.#tallyOf(answered.sender);
    if (tally !== null)
      this.#requests += noteAnswer(tally, answered, this.#requests < MOST_REQUESTS);
  }

  override turnedAway(connection: Pick<Sender, 'organization' | 'connection'>): void {
    const tally = this.#tallyOf(connection);
    if (tally !== null) noteTurnedAway(tally, this.#parts.clock.now().getTime());
  }

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await pause(WRITE_EVERY_MS, stop);
      await this.flush();
    }
    await this.flush();
  }

  /** Writes what has been noted. Never throws: what cannot be written waits. */
  async flush(): Promise<void> {
    try {
      // While the database is away, tallies go on in memory instead of becoming ever more batches.
      await this.#write();
      this.#makeBatch();
      await this.#write();
    } catch (error) {
      this.#parts.log.warn('what connections did could not be written yet', { error });
    }
  }

  #tallyOf(connection: Pick<Sender, 'organization' | 'connection'>): Tally | null {
    const known = this.#tallies.get(connection.connection);
    if (known !== undefined) return known;
    if (this.#tallies.size >= MOST_TALLIES) return null;
    const tally = emptyTally(connection);
    this.#tallies.set(connection.connection, tally);
    return tally;
  }

  #makeBatch(): void {
    if (this.#tallies.size === 0) return;
    const tallies = [...this.#tallies.values()];
    this.#tallies = new Map();
    this.#requests = 0;
    this.#seq += 1;
    this.#unwritten = batchOf({ writer: this.#writer, seq: this.#seq }, tallies);
  }

  async #write(): Promise<void> {
    const batch = this.#unwritten;
    if (batch === null) return;
    const { transactions, audit } = this.#parts;
    await transactions.run('background', async (tx) => {
      const heard = await writeTraffic(tx, batch);
      if (heard.length > 0) await audit.append(tx, heard.map(heardAgainEntry));
    });
    this.#unwritten = null;
  }
}
