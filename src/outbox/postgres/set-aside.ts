import type { Tx } from '../../kernel/tx.js';
import { sql, touch } from '../../platform/postgres/rows.js';

const statement = sql(
  'outbox.set-aside',
  `with aside as (
     update outbox_pending set set_aside_at = clock_timestamp()
      where digest = $1 and set_aside_at is null
     returning digest)
   insert into outbox_refused (digest, refusal) select digest, $2 from aside
   on conflict (digest) do update set refusal = excluded.refusal, refused_at = excluded.refused_at`,
);

/** What a broker says of a record is short; more than this is not kept. */
const MAX_REFUSAL = 500;

/** @returns false when it was set aside before, or has left the queue */
export const setAside = async (tx: Tx, digest: string, why: string): Promise<boolean> =>
  (await touch(tx, statement, [digest, why.slice(0, MAX_REFUSAL)])) === 1;
