import type { ConnectionId, OrganizationId } from '../kernel/ids.js';
import type { ConnectionKind } from './domain/connection-kinds.js';
import type { Accepts, Interop, Link } from './connections.js';

/** A connection at the door. The organization is the credential's, never the request's. */
export interface OpenConnection {
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
  readonly kind: ConnectionKind;
  readonly link: Link;
  readonly identitiesFrom: ConnectionId | null;
}

/** A SCIM client that has proven who it is. */
export interface OpenScim extends OpenConnection {
  /** The secret that it showed, or fetched its token with; null when that was a key. */
  readonly secret: string | null;
  readonly interop: Interop;
  readonly accepts: Accepts;
}

/** A webhook's connection, with what proves that a request comes from its IdP. Nothing is proven yet. */
export interface WebhookDoor extends OpenConnection {
  /** Whether the text is one of its live header secrets, in constant time; false for kinds that sign. */
  accepts(presented: string | undefined): boolean;
  /** Its live HMAC secrets, newest first; empty for other kinds. */
  readonly hmacKeys: readonly Uint8Array[];
  /** Its Ed25519 public key, 32 bytes; null for other kinds. */
  readonly publicKey: Uint8Array | null;
}

/**
 * Opens the doors of IdPs. Every call asks the database, on the lane of deprovisions: a credential that was removed
 * or has expired opens nothing from that commit on, and no other work stands in front of a deprovision here.
 */
export abstract class ConnectionDoors {
  /**
   * @param authorization the header as it came
   * @param from where the request came from; whoever fails too often is told so late
   * @throws DomainError `credential.missing`, `credential.invalid`, `store.unavailable`
   */
  abstract scim(authorization: string | undefined, from: string): Promise<OpenScim>;

  /**
   * @param id the id in the path
   * @returns null when there is no such webhook connection, or it was removed
   * @throws DomainError `store.unavailable`
   */
  abstract webhook(id: string): Promise<WebhookDoor | null>;
}
