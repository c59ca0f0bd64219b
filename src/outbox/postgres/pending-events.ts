import type { Happening } from '../../contract/security-event.js';
import type { Id } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';

/** Something to tell, and where it stands in the queue. */
export interface PendingEvent extends Happening {
  readonly seq: string;
  /** Whose events keep their order among each other. */
  readonly subject: string;
}

// Whoever has had the turn keeps it. It goes to another when it has not been used for as long as it is held: then the one
// who had it may still be sending, and what is sent twice has the same id.
const turn = sql(
  'outbox.events_turn',
  `with mine as (
     update events_turn set holder = $1, held_until = clock_timestamp() + make_interval(secs => $2)
      where holder = $1 or held_until < clock_timestamp()
     returning 1)
   select seq, id, organization_id as org, connection_id as connection, subject_id as subject, resource,
          sub_id as identifier, txn, type, events, at
     from events_pending where exists (select from mine) order by seq limit $3`,
);

/** The oldest events; none while another process has the turn. Reading them changes nothing about them. */
export const takeEvents = (
  tx: Tx,
  holder: Id<'writer'>,
  { holdMs, limit }: { readonly holdMs: number; readonly limit: number },
): Promise<PendingEvent[]> => rows<PendingEvent>(tx, turn, [holder, holdMs / 1_000, limit]);

const leave = sql(
  'outbox.events_turn_over',
  `update events_turn set held_until = '-infinity' where holder = $1`,
);

/** Lets another process have the turn at once. */
export const leaveTurn = async (tx: Tx, holder: Id<'writer'>): Promise<void> => {
  await touch(tx, leave, [holder]);
};

const told = sql('outbox.events_told', 'delete from events_pending where seq = any ($1::bigint[])');

export const forgetEvents = async (tx: Tx, seqs: readonly string[]): Promise<void> => {
  await touch(tx, told, [seqs]);
};

const old = sql(
  'outbox.events_old',
  `delete from events_pending where seq in (
     select seq from events_pending where at < clock_timestamp() - make_interval(days => $1) order by seq limit $2)`,
);

/** What no topic would keep any more is not told: Kafka has been away for longer than that. */
export const forgetOldEvents = (tx: Tx, days: number, limit: number): Promise<number> =>
  touch(tx, old, [days, limit]);

const count = sql('outbox.events_count', 'select count(*)::integer as pending from events_pending');

export async function countPendingEvents(tx: Tx): Promise<number> {
  const [row] = await rows<{ readonly pending: number }>(tx, count);
  return row?.pending ?? 0;
}
