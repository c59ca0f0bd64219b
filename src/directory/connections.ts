import type { ConnectionId, OrganizationId } from '../kernel/ids.js';
import type { Secret } from '../kernel/secret.js';
import type { Asking } from './asking.js';
import type { ConnectionKind } from './domain/connection-kinds.js';
import type { Listed, PageOf } from './page.js';

/** `user-name`: a new resource belongs to the organization's user of the same name. */
export type Link = 'user-name' | 'none';

/** How much of a request is understood: what IdPs really send, or the interoperability profile to the letter. */
export type Interop = 'tolerant' | 'strict';

/**
 * By what a SCIM client proves who it is. `bearer`: its secret, or a token that was fetched with it or with a key; `basic`: those,
 * and the secret as the password of HTTP Basic; `keys`: a token that was fetched with a key, nothing else.
 */
export type Accepts = 'bearer' | 'basic' | 'keys';

export interface NewConnection {
  readonly organization: OrganizationId;
  readonly kind: ConnectionKind;
  readonly name: string;
  readonly link: Link;
  /** A connection of the same organization whose names this one's signals use. */
  readonly identitiesFrom: ConnectionId | null;
  /** `whpk_<base64>`, 32 bytes of Ed25519: then bodies are signed by them, and there is no shared secret. */
  readonly publicKey: string | null;
  /** After how long without a success somebody is called, seconds; null: nobody is. Unsaid: as its kind has it. */
  readonly silenceAfterS?: number | null;
  /** Of SCIM; tolerant unless said. */
  readonly interop?: Interop;
  /** Of SCIM; bearer unless said. */
  readonly accepts?: Accepts;
  /** How long its first secret is good, seconds; unsaid: until it is rotated. */
  readonly secretLifeS?: number | null;
}

export interface ConnectionChange {
  readonly silenceAfterS?: number | null;
  readonly interop?: Interop;
  readonly accepts?: Accepts;
}

export interface Connection extends NewConnection {
  readonly silenceAfterS: number | null;
  readonly interop: Interop;
  readonly accepts: Accepts;
  readonly id: ConnectionId;
  readonly createdAt: Date;
  readonly removedAt: Date | null;
  /** When each live secret was made and when it ends; never the secret. */
  readonly secrets: readonly { readonly createdAt: Date; readonly expiresAt: Date | null }[];
}

/** Seconds: for how long the present secret stays good, and the new one; null: until it is rotated. */
export interface Rotation {
  readonly overlapS: number;
  readonly lifeS?: number | null;
}

export interface NewSecret {
  readonly secret: Secret;
  readonly expiresAt: Date | null;
  readonly previousExpireAt: Date;
}

/** How one IdP link of an organization is named in a request. */
export interface ConnectionName {
  readonly organization: OrganizationId;
  readonly id: ConnectionId;
}

export abstract class Connections {
  /**
   * @returns the secret in the only moment in which it is known; null for a kind that has none with this public key
   * @throws DomainError `organization.unknown`; `connection.unknown` when `identitiesFrom` is not one of the
   *   organization; `request.invalid_value` when the public key is none, or it or `accepts` does not belong to this kind
   */
  abstract create(
    connection: NewConnection,
    asking: Asking,
  ): Promise<{ readonly connection: Connection; readonly secret: Secret | null }>;

  /** @throws DomainError `connection.unknown`, also when it was removed; `request.invalid_value` as when it was made */
  abstract change(
    name: ConnectionName,
    change: ConnectionChange,
    asking: Asking,
  ): Promise<Connection>;

  /**
   * A second live secret. The present one ends after the overlap, or at once when that is 0; an older one, which an
   * earlier rotation has left alive, ends at once: there are never more than two.
   *
   * @throws DomainError `connection.unknown`; `request.invalid_value` when it is of a kind without secrets
   */
  abstract rotate(name: ConnectionName, rotation: Rotation, asking: Asking): Promise<NewSecret>;

  /**
   * Its credentials open nothing from the commit on. Holds and users stay as they are: removing lifts nothing.
   *
   * @throws DomainError `connection.unknown`, also when it was removed before
   */
  abstract remove(name: ConnectionName, asking: Asking): Promise<void>;

  abstract get(name: ConnectionName): Promise<Connection | null>;

  abstract list(
    organization: OrganizationId,
    page: PageOf<ConnectionId>,
  ): Promise<Listed<Connection>>;
}
