import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { ConnectionName } from '../connections.js';

/** A secret as it is kept: a digest when it is only compared, ciphertext when it must be read back. */
export interface KeptSecret {
  readonly id: string;
  readonly digest: Uint8Array | null;
  readonly sealed: Uint8Array | null;
}

const statement = sql(
  'directory.insert_connection_secret',
  `insert into connection_secrets (id, organization_id, connection_id, digest, sealed, expires_at)
   values ($3, $1, $2, $4, $5, clock_timestamp() + $6 * interval '1 second')
   returning expires_at`,
);

/**
 * @param lifeS seconds; null: until it is rotated
 * @returns when it ends
 */
export async function insertConnectionSecret(
  tx: Tx,
  { organization, id }: ConnectionName,
  secret: KeptSecret,
  lifeS: number | null,
): Promise<Date | null> {
  const [row] = await rows<{ expires_at: Date | null }>(tx, statement, [
    ...[organization, id, secret.id],
    ...[secret.digest, secret.sealed, lifeS],
  ]);
  return row?.expires_at ?? null;
}
