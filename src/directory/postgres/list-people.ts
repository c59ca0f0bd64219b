import type { OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { PageOf } from '../page.js';
import type { PersonFilter } from '../people.js';

export interface UserRow {
  readonly id: UserId;
  readonly created_at: Date;
}

const everybody = sql(
  'directory.list_people',
  `select id, created_at from users
    where organization_id = $1 and ($2::uuid is null or id < $2)
    order by id desc limit $3`,
);

const some = sql(
  'directory.find_people',
  `select u.id, u.created_at from users u
    where u.organization_id = $1 and ($2::uuid is null or u.id < $2) and u.id in (
      select r.user_id from resources r
       where r.organization_id = $1 and r.deleted_at is null
         and ($4::text is null or r.user_name_key = $4)
         and ($5::text is null or r.external_id = $5)
         and ($6::text is null or r.emails @> array[$6]))
    order by u.id desc limit $3`,
);

const one = sql(
  'directory.select_person',
  `select id, created_at from users where organization_id = $1 and id = $2`,
);

/** Newest first. */
export function listPeople(
  tx: Tx,
  organization: OrganizationId,
  filter: PersonFilter,
  page: PageOf<UserId>,
): Promise<UserRow[]> {
  const { userName, externalId, email } = filter;
  const place = [organization, page.cursor, page.limit];
  if (userName === undefined && externalId === undefined && email === undefined)
    return rows(tx, everybody, place);
  return rows(tx, some, [
    ...place,
    userName?.toLowerCase() ?? null,
    externalId ?? null,
    email?.toLowerCase() ?? null,
  ]);
}

export async function selectPerson(
  tx: Tx,
  organization: OrganizationId,
  id: UserId,
): Promise<UserRow | null> {
  const [row] = await rows<UserRow>(tx, one, [organization, id]);
  return row ?? null;
}
