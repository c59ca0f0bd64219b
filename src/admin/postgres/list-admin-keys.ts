import type { PageOf } from '../../directory/index.js';
import type { OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { AdminKeyId } from '../principal.js';
import type { AdminKeyRow } from './admin-key-row.js';

const statement = sql(
  'admin.list_admin_keys',
  `select id, organization_id, name, role, created_at, revoked_at from admin_keys
    where organization_id is not distinct from $1 and ($2::uuid is null or id < $2)
    order by id desc limit $3`,
);

/** Newest first. */
export const listAdminKeys = (
  tx: Tx,
  organization: OrganizationId | null,
  page: PageOf<AdminKeyId>,
): Promise<AdminKeyRow[]> => rows(tx, statement, [organization, page.cursor, page.limit]);
