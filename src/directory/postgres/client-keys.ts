import type { JWK } from 'jose';
import type { ConnectionId, Id, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';
import type { ConnectionName } from '../connections.js';

export type ClientKeyId = Id<'client-key'>;

export interface ClientKeyRow {
  readonly id: ClientKeyId;
  readonly organization_id: OrganizationId;
  readonly connection_id: ConnectionId;
  readonly thumbprint: string;
  readonly jwk: JWK;
  readonly created_at: Date;
}

const select = sql(
  'directory.select_client_keys',
  `select k.id, k.organization_id, k.connection_id, k.thumbprint, k.jwk, k.created_at
     from connection_client_keys k
     join connections c on c.organization_id = k.organization_id and c.id = k.connection_id
    where k.connection_id = $1 and k.removed_at is null and c.removed_at is null
    order by k.id`,
);

/** The organization is no argument: the credential is what decides it. */
export const selectClientKeys = (tx: Tx, connection: ConnectionId): Promise<ClientKeyRow[]> =>
  rows(tx, select, [connection]);

const remove = sql(
  'directory.remove_client_keys',
  `update connection_client_keys set removed_at = clock_timestamp()
    where organization_id = $1 and connection_id = $2 and removed_at is null and thumbprint <> all ($3::text[])`,
);

export const removeClientKeysBut = (
  tx: Tx,
  { organization, id }: ConnectionName,
  thumbprints: readonly string[],
): Promise<number> => touch(tx, remove, [organization, id, thumbprints]);

const insert = sql(
  'directory.insert_client_key',
  `insert into connection_client_keys (id, organization_id, connection_id, thumbprint, jwk) values ($1, $2, $3, $4, $5)
   on conflict (connection_id, thumbprint) where removed_at is null do nothing`,
);

export const insertClientKey = (
  tx: Tx,
  { organization, id }: ConnectionName,
  key: { readonly id: ClientKeyId; readonly thumbprint: string; readonly jwk: JWK },
): Promise<number> =>
  touch(tx, insert, [key.id, organization, id, key.thumbprint, JSON.stringify(key.jwk)]);

const assertion = sql(
  'directory.insert_client_assertion',
  `insert into client_assertions (organization_id, connection_id, jti, expires_at)
   values ($1, $2, substring(sha256(convert_to($3, 'UTF8')) for 16), $4) on conflict do nothing`,
);

/** @returns false when it has been used before */
export const useAssertion = async (
  tx: Tx,
  { organization, id }: ConnectionName,
  { jti, expiresAt }: { readonly jti: string; readonly expiresAt: Date },
): Promise<boolean> => (await touch(tx, assertion, [organization, id, jti, expiresAt])) > 0;
