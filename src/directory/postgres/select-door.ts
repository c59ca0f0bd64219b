import type { ConnectionId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { Accepts, Interop, Link } from '../connections.js';
import type { ConnectionKind } from '../domain/connection-kinds.js';

/** One secret of a connection; a connection with a public key has a row without one. */
export interface DoorRow {
  readonly connection_id: ConnectionId;
  readonly organization_id: OrganizationId;
  readonly kind: ConnectionKind;
  readonly link: Link;
  readonly identities_from: ConnectionId | null;
  readonly public_key: string | null;
  readonly interop: Interop;
  readonly accepts: Accepts;
  readonly secret_id: string | null;
  readonly digest: Uint8Array | null;
  readonly sealed: Uint8Array | null;
  /** False when the secret has expired or the connection was removed. */
  readonly is_live: boolean;
}

/** The door behind one secret or token. */
export interface CredentialRow extends DoorRow {
  readonly credential_id: string;
}

// The organization is no argument here and nowhere else: the credential is what decides it.
const bySecret = sql(
  'directory.doors_by_secret',
  `select s.id as credential_id, c.id as connection_id, c.organization_id, c.kind, c.link, c.identities_from, c.public_key, c.interop, c.accepts,
          s.id as secret_id, s.digest, s.sealed,
          c.removed_at is null and (s.expires_at is null or s.expires_at > clock_timestamp()) as is_live
     from connection_secrets s
     join connections c on c.organization_id = s.organization_id and c.id = s.connection_id
    where s.id = any ($1::uuid[]) and c.kind = $2`,
);

// A token ends with what it was issued for: the secret, or the key; and with what is accepted.
const byToken = sql(
  'directory.doors_by_token',
  `select t.id as credential_id, c.id as connection_id, c.organization_id, c.kind, c.link, c.identities_from, c.public_key, c.interop, c.accepts,
          t.secret_id, t.digest, null::bytea as sealed,
          c.removed_at is null and t.expires_at > clock_timestamp() and k.removed_at is null
            and (s.expires_at is null or s.expires_at > clock_timestamp())
            and (t.secret_id is null or c.accepts <> 'keys') as is_live
     from connection_tokens t
     join connections c on c.organization_id = t.organization_id and c.id = t.connection_id
     left join connection_secrets s on s.id = t.secret_id
     left join connection_client_keys k on k.id = t.client_key_id
    where t.id = any ($1::uuid[]) and c.kind = 'scim'`,
);

const byConnection = sql(
  'directory.door_by_connection',
  `select c.id as connection_id, c.organization_id, c.kind, c.link, c.identities_from, c.public_key, c.interop, c.accepts,
          s.id as secret_id, s.digest, s.sealed, true as is_live
     from connections c
     left join connection_secrets s on s.organization_id = c.organization_id and s.connection_id = c.id
      and (s.expires_at is null or s.expires_at > clock_timestamp())
    where c.id = $1 and c.removed_at is null
    order by s.id desc`,
);

export const selectDoorsBySecret = (
  tx: Tx,
  secrets: readonly string[],
  kind: ConnectionKind,
): Promise<CredentialRow[]> => rows(tx, bySecret, [secrets, kind]);

/** `secret_id` is that of the secret with which it was fetched; null when it was fetched with a key. */
export const selectDoorsByToken = (tx: Tx, tokens: readonly string[]): Promise<CredentialRow[]> =>
  rows(tx, byToken, [tokens]);

/** Newest secret first; empty when there is no such connection. */
export const selectDoorByConnection = (tx: Tx, id: ConnectionId): Promise<DoorRow[]> =>
  rows(tx, byConnection, [id]);
