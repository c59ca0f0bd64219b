import type { OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { sql, touch } from '../../platform/postgres/rows.js';
import type { ToldEvent } from '../domain/told-event.js';

const statement = sql(
  'outbox.insert_events',
  `insert into events_pending (id, organization_id, connection_id, subject_id, resource, sub_id, txn, type, events, at)
   select e.id, $1, e.connection, e.subject, e.resource, e.identifier, e.txn, e.type, e.events, coalesce($3, clock_timestamp())
     from jsonb_array_elements($2::jsonb) with ordinality as told (x, place),
          jsonb_to_record(told.x) as e (id uuid, connection uuid, subject uuid, resource text, identifier jsonb, txn text,
                                        type text, events jsonb)
    order by told.place`,
);

export async function insertEvents(
  tx: Tx,
  organization: OrganizationId,
  { at, events }: { readonly at: Date | null; readonly events: readonly ToldEvent[] },
): Promise<void> {
  await touch(tx, statement, [organization, JSON.stringify(events), at]);
}
