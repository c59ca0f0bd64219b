import type { Socket } from 'node:net';
import { nextTick } from 'node:process';
import type { PoolClient, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import type { EntityManager } from 'typeorm';
import type { Tx } from '../../kernel/tx.js';

/** What an open transaction is made of: the connection, and TypeORM's view of the same connection. */
export class PostgresTx {
  readonly #unanswered: Promise<unknown>[] = [];

  constructor(
    readonly client: PoolClient,
    readonly entities: EntityManager,
    /** The answer to BEGIN; null outside of a transaction. */
    readonly begun: Promise<unknown> | null = null,
  ) {}

  asTx(): Tx {
    return this as unknown as Tx;
  }

  /** Sends what nobody waits for, in one packet with what follows at once. */
  send(query: QueryConfig): void {
    inOnePacket(this.client);
    const answer = this.client.query(query);
    answer.catch(() => undefined);
    this.#unanswered.push(answer);
  }

  /** Whatever was sent without waiting, in its order. */
  get unanswered(): readonly Promise<unknown>[] {
    return this.#unanswered;
  }
}

const inside = (tx: Tx): PostgresTx => tx as unknown as PostgresTx;

/** Runs a query after BEGIN was answered: it cannot write outside of the transaction. */
export async function queryIn<R extends QueryResultRow>(
  tx: Tx,
  query: QueryConfig,
): Promise<QueryResult<R>> {
  const { begun, client } = inside(tx);
  if (begun !== null) await begun;
  return client.query<R>(query);
}

/**
 * Sends a query in one packet with BEGIN. If BEGIN fails and this does not, it has run by itself: it must write
 * nothing. Its answer counts only when both are good.
 */
export async function queryWithBegin<R extends QueryResultRow>(
  tx: Tx,
  query: QueryConfig,
): Promise<QueryResult<R>> {
  const { begun, client } = inside(tx);
  const [result] = await Promise.all([client.query<R>(query), begun]);
  return result;
}

/** Sends a query whose answer is needed no sooner than COMMIT's: both leave in one packet. */
export const queryWithCommit = (tx: Tx, query: QueryConfig): void => {
  inside(tx).send(query);
};

/** TypeORM rows of the same transaction, for plain reads and writes off the hot path. */
export const entitiesOf = (tx: Tx): EntityManager => inside(tx).entities;

/**
 * What is sent to this connection until the turn of the event loop ends leaves in one packet. `pg` writes each
 * message by itself, and a packet costs more than what is in it.
 */
export function inOnePacket(client: PoolClient): void {
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } })
    .connection;
  stream.cork();
  nextTick(() => {
    stream.uncork();
  });
}
