import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from './rows.js';

/**
 * Whether `migrate --privileged` has done its work. Without it the log still refuses every change of the
 * service's, but its owner could take the refusals down; the start warns and evidence says so.
 */
export interface PrivilegedState {
  readonly hardened: boolean;
  /** What is missing, in words. */
  readonly missing: readonly string[];
}

const statement = sql(
  'schema.privileged_state',
  `select 'the audit schema belongs to ' || r.rolname || ', not to offswitch_audit_owner' as missing
     from pg_namespace n join pg_roles r on r.oid = n.nspowner
    where n.nspname = 'audit' and r.rolname <> 'offswitch_audit_owner'
   union all
   select 'event trigger ' || wanted || case when e.oid is null then ' is not there' else ' is not ENABLE ALWAYS' end
     from unnest(array['offswitch_refuse_ddl', 'offswitch_refuse_drop', 'offswitch_refuse_grant']) as wanted
     left join pg_event_trigger e on e.evtname = wanted
    where e.evtenabled is distinct from 'A'`,
);

export async function privilegedState(tx: Tx): Promise<PrivilegedState> {
  const missing = (await rows<{ missing: string }>(tx, statement)).map((row) => row.missing);
  return { hardened: missing.length === 0, missing };
}
