import type { Policy } from '../contract/lease.js';
import type { OrganizationId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import type { Asking } from './asking.js';
import type { Listed, PageOf } from './page.js';

export interface Organization {
  readonly id: OrganizationId;
  readonly name: string;
  /** Whether devices may get tokens that belong to nobody. */
  readonly allowOwnerless: boolean;
  /** The least strict policy that its tokens are accepted under; null leaves that to the gateways. */
  readonly policy: Policy | null;
  readonly createdAt: Date;
}

export interface OrganizationChange {
  readonly name?: string;
  readonly allowOwnerless?: boolean;
  readonly policy?: Policy | null;
}

export abstract class Organizations {
  /** Makes an organization with its generation row. */
  abstract create(name: string, asking: Asking): Promise<Organization>;

  /** @throws DomainError `organization.unknown` */
  abstract change(
    id: OrganizationId,
    change: OrganizationChange,
    asking: Asking,
  ): Promise<Organization>;

  abstract get(id: OrganizationId): Promise<Organization | null>;

  abstract list(page: PageOf<OrganizationId>): Promise<Listed<Organization>>;

  /** False also when there is no such organization. */
  abstract allowsOwnerless(tx: Tx, id: OrganizationId): Promise<boolean>;
}
