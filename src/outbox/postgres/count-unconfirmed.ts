import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

const statement = sql(
  'outbox.count-unconfirmed',
  `select count(*)::integer as silent
     from gateway_processes p
     join gateways g on g.id = p.gateway_id and g.deleted_at is null
    where gone_since(p) is null
      and (p.policy = 'best-effort'
           or greatest(p.lease_until, p.last_seen_at) >= clock_timestamp() - make_interval(secs => 3 * $1))
      and exists (
            select from watermark_heads h
             where not exists (
                     select from gateway_positions s
                      where s.gateway_id = p.gateway_id and s.boot = p.boot and s.partition = h.partition
                        and s.t >= clock_timestamp() - make_interval(secs => $1)))`,
);

/** Gateway processes that count and have not confirmed, on every partition, a watermark younger than S. */
export async function countUnconfirmed(tx: Tx, stalenessMs: number): Promise<number> {
  const [row] = await rows<{ readonly silent: number }>(tx, statement, [stalenessMs / 1_000]);
  return row?.silent ?? 0;
}
