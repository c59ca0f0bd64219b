import type { PoolClient } from 'pg';
import type { EntityManager } from 'typeorm';
import type { Tx } from '../../kernel/tx.js';

/** What an open transaction is made of: the connection, and TypeORM's view of the same connection. */
export class PostgresTx {
  constructor(
    readonly client: PoolClient,
    readonly entities: EntityManager,
  ) {}

  asTx(): Tx {
    return this as unknown as Tx;
  }
}

const inside = (tx: Tx): PostgresTx => tx as unknown as PostgresTx;

export const clientOf = (tx: Tx): PoolClient => inside(tx).client;

/** TypeORM rows of the same transaction, for plain reads and writes off the hot path. */
export const entitiesOf = (tx: Tx): EntityManager => inside(tx).entities;
