import type { Tx } from '../../kernel/tx.js';
import { touch, sql } from '../../platform/postgres/rows.js';
import type { ConnectionName } from '../connections.js';

/** A secret as it is kept: a digest when it is only compared, ciphertext when it must be read back. */
export interface KeptSecret {
  readonly id: string;
  readonly digest: Uint8Array | null;
  readonly sealed: Uint8Array | null;
}

const statement = sql(
  'directory.insert_connection_secret',
  `insert into connection_secrets (id, organization_id, connection_id, digest, sealed) values ($3, $1, $2, $4, $5)`,
);

export const insertConnectionSecret = (
  tx: Tx,
  { organization, id }: ConnectionName,
  secret: KeptSecret,
): Promise<number> =>
  touch(tx, statement, [organization, id, secret.id, secret.digest, secret.sealed]);
