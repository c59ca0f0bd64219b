import type { Tx } from '../../kernel/tx.js';
import { sql, touch } from '../../platform/postgres/rows.js';
import type { OutboxRecord } from '../domain/outbox-record.js';

const statement = sql(
  'outbox.enqueue-records',
  `with added as (
     insert into outbox (digest, organization_id, case_id, key, partition, value)
     select * from unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::integer[], $6::bytea[])
     returning digest, partition, organization_id)
   insert into outbox_pending (digest, partition, organization_id) select digest, partition, organization_id from added`,
);

export async function enqueueRecords(tx: Tx, records: readonly OutboxRecord[]): Promise<void> {
  await touch(tx, statement, [
    records.map(({ digest }) => digest),
    records.map(({ organization }) => organization),
    records.map((record) => record.case),
    records.map(({ key }) => key),
    records.map(({ partition }) => partition),
    records.map(({ value }) => value),
  ]);
}
