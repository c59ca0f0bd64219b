import type { Tx } from '../../kernel/tx.js';
import { sql, touch } from '../../platform/postgres/rows.js';
import type { EntryRow } from '../domain/entry.js';

// The same entry twice is one entry: a sender that lost the reply to its COMMIT may append it again.
const statement = sql(
  'audit.append',
  `insert into audit.entry (organization_id, at, id, action, outcome, actor_type, actor_id, subject_type,
                            subject_id, case_id, connection_id, request_id, bytes)
   select organization_id, at, id, action, outcome, actor_type, actor_id, subject_type,
          subject_id, case_id, connection_id, request_id, convert_to(bytes, 'UTF8')
     from json_to_recordset($1::json) as e (
            organization_id uuid, at timestamptz, id uuid, action text, outcome text, actor_type text,
            actor_id text, subject_type text, subject_id text, case_id uuid, connection_id uuid,
            request_id text, bytes text)
   on conflict do nothing`,
);

export async function appendEntries(tx: Tx, entries: readonly EntryRow[]): Promise<number> {
  return touch(tx, statement, [JSON.stringify(entries)]);
}
