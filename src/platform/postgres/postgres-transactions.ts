import { types } from 'node:util';
import { DatabaseError, type PoolClient } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { DomainError } from '../../kernel/domain-error.js';
import { Transactions, type Lane, type Tx } from '../../kernel/tx.js';
import type { DatabaseGuard } from './database-guard.js';
import { inOnePacket, PostgresTx } from './postgres-tx.js';

/** serialization_failure, deadlock_detected: the same work may succeed when it runs again. */
const REPEATABLE = new Set(['40001', '40P01']);
const ATTEMPTS = 5;

/** Classes of SQLSTATE that say "not now": connection, resources, operator intervention, system, read-only. */
const UNAVAILABLE = /^(08|53|57|58|25006|55P03|XX)/;

/** A bad text that PostgreSQL cannot store: NUL in a string, an unpaired surrogate. */
const UNSTORABLE = new Set(['22021', '22P05']);

/** Whatever the database says by default: who waits for a lock must read what was committed meanwhile. */
const BEGIN = 'begin isolation level read committed';

const isRepeatable = (error: unknown): boolean =>
  error instanceof DatabaseError && REPEATABLE.has(error.code ?? '');

function asDomainError(error: unknown): unknown {
  if (error instanceof DomainError) return error;
  if (error instanceof DatabaseError) {
    const code = error.code ?? '';
    if (UNSTORABLE.has(code)) return new DomainError('request.unstorable_text');
    if (UNAVAILABLE.test(code) || REPEATABLE.has(code))
      return new DomainError('store.unavailable', 'the database did not answer', { cause: error });
    return error;
  }
  // Everything that is no answer of PostgreSQL's is a broken or missing connection. Node's own errors may come from
  // another realm than this code (a vm context), where `instanceof` does not know them.
  if (types.isNativeError(error) && isConnectionTrouble(error))
    return new DomainError('store.unavailable', 'the database cannot be reached', { cause: error });
  return error;
}

function isConnectionTrouble(error: Error): boolean {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return (
    /^E[A-Z]+$/.test(code) ||
    /connection (terminated|timeout)|timeout exceeded when trying to connect|client has encountered a connection error|not queryable|Query read timeout|pool after calling end/i.test(
      error.message,
    )
  );
}

/** The driver gave up waiting. The statement is still under way: nobody else may use this connection. */
function isSilence(error: unknown): error is Error {
  if (!types.isNativeError(error)) return false;
  return /Query read timeout/i.test(error.message) || isSilence(error.cause);
}

/** Transactions on one pool per lane. */
export class PostgresTransactions extends Transactions {
  readonly #lanes: Readonly<Record<Lane, DataSource>>;
  readonly #guard: DatabaseGuard | null;

  constructor(lanes: Readonly<Record<Lane, DataSource>>, guard: DatabaseGuard | null = null) {
    super();
    this.#lanes = lanes;
    this.#guard = guard;
  }

  override async run<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    this.#guard?.demandSound();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(lane, work);
      } catch (error) {
        if (attempt < ATTEMPTS && isRepeatable(error)) continue;
        throw asDomainError(error);
      }
    }
  }

  override async read<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    this.#guard?.demandSound();
    try {
      return await this.#connected(lane, (tx) => work(tx.asTx()));
    } catch (error) {
      throw asDomainError(error);
    }
  }

  #once<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#connected(lane, async ({ client, entities }) => {
      inOnePacket(client);
      const begun = client.query(BEGIN);
      begun.catch(() => undefined);
      const tx = new PostgresTx(client, entities, begun);
      let result: T;
      try {
        result = await work(tx.asTx());
      } catch (error) {
        // Behind a statement without an answer a rollback would only wait as long again.
        if (isSilence(error)) throw error;
        // If the connection is gone, PostgreSQL rolls back by itself.
        await client.query('rollback').catch((failure: unknown) => {
          if (isSilence(failure)) throw failure;
        });
        throw error;
      }
      // The point of no return: once this is sent, only PostgreSQL knows. A lost reply is answered 503, and
      // the sender's retry finds the work done. A limit that passes here sends no cancel request: the socket closes,
      // and a server that has received the COMMIT carries it out before it reads that the client is gone.
      const committed = client.query('commit');
      // What was sent before it failed for a reason of its own; COMMIT only says that there was one.
      const answers = await Promise.allSettled([begun, ...tx.unanswered, committed]);
      for (const answer of answers) if (answer.status === 'rejected') throw answer.reason;
      const { command } = await committed;
      // COMMIT of a transaction that failed inside answers ROLLBACK, without an error.
      if (command !== 'COMMIT')
        throw new DomainError('store.unavailable', 'the transaction was rolled back');
      return result;
    });
  }

  async #connected<T>(lane: Lane, work: (tx: PostgresTx) => Promise<T>): Promise<T> {
    const runner: QueryRunner = this.#lanes[lane].createQueryRunner();
    try {
      const client = (await runner.connect()) as PoolClient;
      try {
        return await work(new PostgresTx(client, runner.manager));
      } catch (error) {
        // TypeORM takes it for the loss of the connection and has the pool destroy it, instead of lending it again.
        if (isSilence(error)) client.emit('error', error);
        throw error;
      }
    } finally {
      await runner.release();
    }
  }
}
