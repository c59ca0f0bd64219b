import type { ConnectionId, OrganizationId } from '../../kernel/ids.js';
import type { Accepts, Connection, Interop, Link } from '../connections.js';
import type { ConnectionKind } from '../domain/connection-kinds.js';

export interface ConnectionRow {
  readonly id: ConnectionId;
  readonly organization_id: OrganizationId;
  readonly kind: ConnectionKind;
  readonly name: string;
  readonly link: Link;
  readonly identities_from: ConnectionId | null;
  readonly public_key: string | null;
  readonly silence_after_s: number | null;
  readonly interop: Interop;
  readonly accepts: Accepts;
  readonly created_at: Date;
  readonly removed_at: Date | null;
  /** Live secrets, newest first: when each was made and when it ends, as one list each. */
  readonly secrets_created_at: readonly Date[];
  readonly secrets_expire_at: readonly (Date | null)[];
}

export const connectionOf = (row: ConnectionRow): Connection => ({
  id: row.id,
  organization: row.organization_id,
  kind: row.kind,
  name: row.name,
  link: row.link,
  identitiesFrom: row.identities_from,
  publicKey: row.public_key,
  silenceAfterS: row.silence_after_s,
  interop: row.interop,
  accepts: row.accepts,
  createdAt: row.created_at,
  removedAt: row.removed_at,
  secrets: row.secrets_created_at.map((createdAt, i) => ({
    createdAt,
    expiresAt: row.secrets_expire_at[i] ?? null,
  })),
});
