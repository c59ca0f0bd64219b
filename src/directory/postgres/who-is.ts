import type { OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

const id = sql(
  'directory.who_is_id',
  `select id as user_id from users where organization_id = $1 and id = $2::uuid
   union
   select user_id from resources where organization_id = $1 and id = $2::uuid and deleted_at is null`,
);

const externalId = sql(
  'directory.who_is_external_id',
  `select distinct r.user_id
     from connections c
     join resources r on r.organization_id = c.organization_id and r.connection_id = c.id
    where c.organization_id = $1 and r.external_id = $2 and r.deleted_at is null`,
);

const userName = sql(
  'directory.who_is_user_name',
  `select distinct user_id from resources
    where organization_id = $1 and user_name_key = $2 and deleted_at is null`,
);

const statements = { id, externalId, userName } as const;

/** Users whom the name may mean. */
export async function whoIs(
  tx: Tx,
  organization: OrganizationId,
  by: keyof typeof statements,
  value: string,
): Promise<UserId[]> {
  const found = await rows<{ user_id: UserId }>(tx, statements[by], [organization, value]);
  return found.map(({ user_id }) => user_id);
}
