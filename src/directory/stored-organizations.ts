import type { AuditLog } from '../audit/index.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type OrganizationId } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import type { Asking } from './asking.js';
import { deedEntry } from './deed-entry.js';
import { listed, oneMore } from './listed.js';
import { Organizations, type Organization, type OrganizationChange } from './organizations.js';
import type { Listed, PageOf } from './page.js';
import { insertOrganization } from './postgres/insert-organization.js';
import { listOrganizations } from './postgres/list-organizations.js';
import { organizationOf } from './postgres/organization-row.js';
import { selectOrganization } from './postgres/select-organization.js';
import { updateOrganization } from './postgres/update-organization.js';

export class StoredOrganizations extends Organizations {
  readonly #transactions: Transactions;
  readonly #audit: AuditLog;

  constructor(transactions: Transactions, audit: AuditLog) {
    super();
    this.#transactions = transactions;
    this.#audit = audit;
  }

  override create(name: string, asking: Asking): Promise<Organization> {
    return this.#transactions.run('service', async (tx) => {
      const row = await insertOrganization(tx, newId(), name);
      const entry = deedEntry(
        {
          organization: row.id,
          at: row.created_at,
          action: 'organization.created',
          subject: { type: 'organization', id: row.id },
        },
        asking,
      );
      await this.#audit.append(tx, [entry]);
      return organizationOf(row);
    });
  }

  override change(
    id: OrganizationId,
    change: OrganizationChange,
    asking: Asking,
  ): Promise<Organization> {
    return this.#transactions.run('service', async (tx) => {
      const row = await updateOrganization(tx, id, change);
      if (row === null) throw new DomainError('organization.unknown');
      const entry = deedEntry(
        {
          organization: id,
          at: row.changed_at,
          action: 'organization.changed',
          subject: { type: 'organization', id },
          detail: {
            ...(change.name === undefined ? {} : { renamed: true }),
            ...(change.allowOwnerless === undefined
              ? {}
              : { allow_ownerless: change.allowOwnerless }),
            ...(change.policy === undefined ? {} : { policy: change.policy }),
          },
        },
        asking,
      );
      await this.#audit.append(tx, [entry]);
      return organizationOf(row);
    });
  }

  override get(id: OrganizationId): Promise<Organization | null> {
    return this.#transactions.read('service', async (tx) => {
      const row = await selectOrganization(tx, id);
      return row === null ? null : organizationOf(row);
    });
  }

  override list(page: PageOf<OrganizationId>): Promise<Listed<Organization>> {
    return this.#transactions.read('service', async (tx) => {
      const rows = await listOrganizations(tx, oneMore(page));
      return listed(rows.map(organizationOf), page.limit);
    });
  }

  override async allowsOwnerless(tx: Tx, id: OrganizationId): Promise<boolean> {
    return (await selectOrganization(tx, id))?.allow_ownerless ?? false;
  }
}
