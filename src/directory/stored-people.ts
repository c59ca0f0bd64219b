import { readId, type OrganizationId, type UserId } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import { listed, oneMore } from './listed.js';
import type { Listed, PageOf } from './page.js';
import { People, type Person, type PersonFilter, type PersonReference } from './people.js';
import { isActivePerson } from './postgres/is-active-person.js';
import { listPeople, selectPerson, type UserRow } from './postgres/list-people.js';
import { devicesOfPeople, resourcesOfPeople } from './postgres/people-details.js';
import { whoIs } from './postgres/who-is.js';

export class StoredPeople extends People {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    super();
    this.#transactions = transactions;
  }

  override async whoIs(
    tx: Tx,
    organization: OrganizationId,
    reference: PersonReference,
  ): Promise<readonly UserId[]> {
    if ('externalId' in reference)
      return whoIs(tx, organization, 'externalId', reference.externalId);
    if ('userName' in reference)
      return whoIs(tx, organization, 'userName', reference.userName.toLowerCase());
    const id = readId(reference.id);
    return id === null ? [] : whoIs(tx, organization, 'id', id);
  }

  override isActive(tx: Tx, organization: OrganizationId, id: UserId): Promise<boolean> {
    return isActivePerson(tx, organization, id);
  }

  override get(organization: OrganizationId, id: UserId): Promise<Person | null> {
    return this.#transactions.read('service', async (tx) => {
      const row = await selectPerson(tx, organization, id);
      if (row === null) return null;
      const [person] = await withDetails(tx, organization, [row]);
      return person ?? null;
    });
  }

  override list(
    organization: OrganizationId,
    filter: PersonFilter,
    page: PageOf<UserId>,
  ): Promise<Listed<Person>> {
    return this.#transactions.read('service', async (tx) => {
      const { items, next } = listed(
        await listPeople(tx, organization, filter, oneMore(page)),
        page.limit,
      );
      return { items: await withDetails(tx, organization, items), next };
    });
  }
}

/** Three statements for a whole page, however many are on it. */
async function withDetails(
  tx: Tx,
  organization: OrganizationId,
  users: readonly UserRow[],
): Promise<Person[]> {
  const ids = users.map(({ id }) => id);
  const resources = await resourcesOfPeople(tx, organization, ids);
  const devices = await devicesOfPeople(tx, organization, ids);
  return users.map(({ id, created_at }) => ({
    id,
    createdAt: created_at,
    resources: resources
      .filter(({ user_id }) => user_id === id)
      .map((row) => ({
        id: row.id,
        connection: row.connection_id,
        userName: row.user_name,
        externalId: row.external_id,
        emails: row.emails,
        active: row.active,
        changedAt: row.changed_at,
      })),
    devices: devices
      .filter(({ user_id }) => user_id === id)
      .map((row) => ({
        id: row.id,
        deviceId: row.device_id,
        name: row.name,
        assignedAt: row.assigned_at,
      })),
  }));
}
