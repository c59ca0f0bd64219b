import type { Id } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';
import type { ConnectionName } from '../connections.js';
import type { ClientKeyId } from './client-keys.js';

export interface NewToken {
  readonly id: Id<'connection-token'>;
  readonly digest: Uint8Array;
  /** One of the two. */
  readonly secret: string | null;
  readonly key: ClientKeyId | null;
  readonly lifeS: number;
}

const insert = sql(
  'directory.insert_connection_token',
  `insert into connection_tokens (id, organization_id, connection_id, digest, secret_id, client_key_id, expires_at)
   values ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7 * interval '1 second')
   returning created_at`,
);

export async function insertConnectionToken(
  tx: Tx,
  { organization, id }: ConnectionName,
  token: NewToken,
): Promise<Date> {
  const [row] = await rows<{ created_at: Date }>(tx, insert, [
    ...[token.id, organization, id, token.digest, token.secret, token.key, token.lifeS],
  ]);
  if (row === undefined) throw new Error('an insert returned nothing');
  return row.created_at;
}

const sweep = sql(
  'directory.sweep_connection_tokens',
  `delete from connection_tokens where ctid = any (array(
     select ctid from connection_tokens where expires_at < clock_timestamp() - interval '1 hour' limit $1))`,
);
const sweepAssertions = sql(
  'directory.sweep_client_assertions',
  `delete from client_assertions where ctid = any (array(
     select ctid from client_assertions where expires_at < clock_timestamp() - interval '1 hour' limit $1))`,
);

/** What has ended long ago. */
export async function sweepTokens(tx: Tx, limit: number): Promise<void> {
  await touch(tx, sweep, [limit]);
  await touch(tx, sweepAssertions, [limit]);
}
