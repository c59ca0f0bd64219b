import type { Tx } from '../../kernel/tx.js';
import { sql, touch } from '../../platform/postgres/rows.js';

/**
 * How long a statement is known when it comes again, days. Okta repeats a delivery within hours, Standard Webhooks
 * within days; the design asks for 30.
 */
export const SIGNAL_DAYS = 90;

const statement = sql(
  'signals.delete_old',
  `delete from signal_inbox
    where id in (select s.id from signal_inbox s
                  where s.received_at < clock_timestamp() - make_interval(days => $1)
                    and not exists (select from waiting_signals w where w.signal_id = s.id)
                  order by s.received_at limit $2 for update skip locked)`,
);

/** Forgets statements that are older. Those whose person is not known yet stay: they are still to be applied. */
export const deleteOldSignals = (tx: Tx, limit: number): Promise<number> =>
  touch(tx, statement, [SIGNAL_DAYS, limit]);
