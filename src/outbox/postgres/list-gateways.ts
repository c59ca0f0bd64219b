import type { Policy } from '../../contract/lease.js';
import type { GatewayId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

export interface GatewayRow {
  readonly id: GatewayId;
  readonly name: string;
  readonly created_at: Date;
  readonly processes: readonly ProcessRow[];
}

/** From `jsonb`: times are texts. */
export interface ProcessRow {
  readonly boot: string;
  readonly version: string;
  readonly policy: Policy;
  readonly is_live: boolean;
  readonly is_behind: boolean;
  readonly first_seen_ms: number;
  readonly last_seen_ms: number;
  readonly lease_until_ms: number;
  readonly gone_ms: number | null;
  readonly view_age_ms: number | null;
}

const statement = sql(
  'outbox.list-gateways',
  `select g.id, g.name, g.created_at, coalesce(p.processes, '[]') as processes
     from gateways g
     left join lateral (
       select jsonb_agg(jsonb_build_object(
                'boot', p.boot, 'version', p.version, 'policy', p.policy,
                'is_live', p.lease_until >= clock_timestamp() and gone_since(p) is null,
                'is_behind', exists (
                  select from watermark_heads h
                   where not exists (
                           select from gateway_positions s
                            where s.gateway_id = p.gateway_id and s.boot = p.boot and s.partition = h.partition
                              and s.t >= clock_timestamp() - make_interval(secs => $1))),
                'first_seen_ms', floor(extract(epoch from p.first_seen_at) * 1000),
                'last_seen_ms', floor(extract(epoch from p.last_seen_at) * 1000),
                'lease_until_ms', floor(extract(epoch from p.lease_until) * 1000),
                'gone_ms', floor(extract(epoch from gone_since(p)) * 1000),
                'view_age_ms', (select floor(extract(epoch from max(o.received_at - o.t)) * 1000)
                                  from gateway_positions o
                                 where o.gateway_id = p.gateway_id and o.boot = p.boot))
              order by p.last_seen_at desc) as processes
         from gateway_processes p
        where p.gateway_id = g.id
          and (p.last_seen_at > clock_timestamp() - interval '1 day'
               or (p.policy = 'best-effort' and gone_since(p) is null))) p on true
    where g.deleted_at is null
    order by g.name`,
);

/** Living gateways by name, with the processes that were seen within the last day, or count whenever they were. */
export const listGateways = (tx: Tx, stalenessMs: number): Promise<GatewayRow[]> =>
  rows<GatewayRow>(tx, statement, [stalenessMs / 1_000]);
