import type { Tx } from '../../kernel/tx.js';
import { sql, touch } from '../../platform/postgres/rows.js';
import type { Origin } from '../domain/change.js';
import type { ResourceEvent } from '../domain/plan.js';

const statement = sql(
  'heart.insert_events',
  `insert into events_pending (id, organization_id, connection_id, subject_id, resource, txn, type, events, at)
   select e.id, $1, $2, e.subject, e.resource, e.txn, e.type, e.events, clock_timestamp()
     from jsonb_array_elements($3::jsonb) with ordinality as told (x, place),
          jsonb_to_record(told.x) as e (id uuid, subject uuid, resource text, txn text, type text, events jsonb)
    order by told.place`,
);

export async function insertEvents(
  tx: Tx,
  { organization, connection }: Origin,
  events: readonly ResourceEvent[],
): Promise<void> {
  await touch(tx, statement, [organization, connection, JSON.stringify(events)]);
}
