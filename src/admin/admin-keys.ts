import type { Asking, Listed, PageOf } from '../directory/index.js';
import type { OrganizationId } from '../kernel/ids.js';
import type { Secret } from '../kernel/secret.js';
import type { Lane } from '../kernel/tx.js';
import type { AdminKeyId, Principal } from './principal.js';
import type { Role } from './roles.js';

export interface AdminKey {
  readonly id: AdminKeyId;
  /** Null for a key of the installation. */
  readonly organization: OrganizationId | null;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
}

export interface NewAdminKey {
  readonly organization: OrganizationId | null;
  readonly name: string;
  readonly role: Role;
}

/** What a request shows, and which organization its path names. */
export interface Knock {
  /** The header as it came. */
  readonly authorization: string | undefined;
  /** Null when the path names none. */
  readonly organization: OrganizationId | null;
  readonly lane: Lane;
}

export abstract class AdminKeys {
  /** Makes the installation's first key from the configuration, once; one that was revoked stays revoked. */
  abstract ensureFirst(text: Secret): Promise<void>;

  /**
   * Asks the database each time: a revoked key opens nothing from that commit on.
   *
   * @returns whose key it is, and whether the organization of the path exists
   * @throws DomainError `credential.missing`, `credential.invalid`, `store.unavailable`
   */
  abstract open(
    knock: Knock,
  ): Promise<{ readonly principal: Principal; readonly hasOrganization: boolean }>;

  /**
   * @returns the secret in the only moment in which it is known
   * @throws DomainError `organization.unknown`
   */
  abstract create(
    key: NewAdminKey,
    asking: Asking,
  ): Promise<{ readonly key: AdminKey; readonly secret: Secret }>;

  /** Newest first; revoked ones stay in the list. */
  abstract list(
    organization: OrganizationId | null,
    page: PageOf<AdminKeyId>,
  ): Promise<Listed<AdminKey>>;

  /** @throws DomainError `admin_key.unknown`, also when it was revoked before; `admin_key.in_use` for one's own */
  abstract revoke(
    organization: OrganizationId | null,
    id: AdminKeyId,
    asking: Asking,
  ): Promise<void>;
}
