import type { PoolClient } from 'pg';
import type { Tx } from '../../kernel/tx.js';

/** What an open transaction is made of: the connection that it runs on. */
export class PostgresTx {
  constructor(readonly client: PoolClient) {}

  asTx(): Tx {
    return this as unknown as Tx;
  }
}

const inside = (tx: Tx): PostgresTx => tx as unknown as PostgresTx;

export const clientOf = (tx: Tx): PoolClient => inside(tx).client;
