import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { Assignment } from '../devices.js';

const statement = sql(
  'directory.insert_assignment',
  `with place as (
     select (select id from devices where organization_id = $1 and id = $3) as device,
            (select id from users where organization_id = $1 and id = $4) as person
   ), assigned as (
     insert into assignments (id, organization_id, device_id, user_id)
     select $2, $1, device, person from place where device is not null and person is not null
     on conflict (organization_id, device_id, user_id) where ended_at is null do nothing
     returning id
   )
   select device is not null as has_device, person is not null as has_user, (select count(*) > 0 from assigned) as is_new
     from place`,
);

export interface AssignmentResult {
  readonly has_device: boolean;
  readonly has_user: boolean;
  readonly is_new: boolean;
}

export async function insertAssignment(
  tx: Tx,
  id: string,
  { organization, device, user }: Assignment,
): Promise<AssignmentResult> {
  const [row] = await rows<AssignmentResult>(tx, statement, [organization, id, device, user]);
  if (row === undefined) throw new Error('a select without from returned nothing');
  return row;
}
