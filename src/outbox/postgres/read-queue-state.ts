import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

/** The queue as an operator sees it. */
export interface QueueState {
  readonly unacked: number;
  readonly oldestUnackedMs: number;
  readonly setAside: number;
}

interface Row {
  readonly unacked: number;
  readonly oldest_ms: number;
  readonly set_aside: number;
}

const statement = sql(
  'outbox.queue-state',
  `select count(*) filter (where is_unacked)::integer as unacked,
          coalesce(extract(epoch from clock_timestamp() - min(queued_at) filter (where is_unacked)) * 1000, 0)::float8
            as oldest_ms,
          count(*) filter (where set_aside_at is not null)::integer as set_aside
     from (select p.queued_at, p.set_aside_at,
                  p.set_aside_at is null and a.digest is null as is_unacked
             from outbox_pending p left join outbox_acks a on a.digest = p.digest) q`,
);

export async function readQueueState(tx: Tx): Promise<QueueState> {
  const [row] = await rows<Row>(tx, statement);
  return {
    unacked: row?.unacked ?? 0,
    oldestUnackedMs: Math.max(0, row?.oldest_ms ?? 0),
    setAside: row?.set_aside ?? 0,
  };
}
