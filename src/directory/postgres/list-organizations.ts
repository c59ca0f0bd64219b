import type { OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { PageOf } from '../page.js';
import type { OrganizationRow } from './organization-row.js';

const statement = sql(
  'directory.list_organizations',
  `select id, name, allow_ownerless, policy, created_at from organizations
    where $1::uuid is null or id < $1
    order by id desc limit $2`,
);

/** Newest first. */
export const listOrganizations = (
  tx: Tx,
  page: PageOf<OrganizationId>,
): Promise<OrganizationRow[]> => rows(tx, statement, [page.cursor, page.limit]);
