import type { LeaseRequest } from '../../contract/lease.js';
import type { GatewayId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

export interface GrantedLease {
  readonly leaseUntil: Date;
  /** True for the first lease of this process. */
  readonly isFirst: boolean;
  /** Somebody has said that it is gone, which this lease may refute. */
  readonly wasSaidGone: boolean;
  /** The primary's clock. */
  readonly at: Date;
  /** As they are now; another process may have raised them since we began. */
  readonly partitions: number;
  readonly epoch: number;
}

interface Row {
  readonly lease_until: Date;
  readonly is_first: boolean;
  readonly was_said_gone: boolean;
  readonly at: Date;
  readonly partitions: number;
  readonly epoch: string;
}

// xmax is 0 in a row that this statement inserted.
const statement = sql(
  'outbox.lease-process',
  `insert into gateway_processes as p (gateway_id, boot, version, policy, public_key, lease_until)
   values ($1, $2, $3, $4, $5, clock_timestamp() + make_interval(secs => $6))
   on conflict (gateway_id, boot) do update
      set version = excluded.version, policy = excluded.policy, last_seen_at = clock_timestamp(),
          lease_until = excluded.lease_until
    where p.public_key = excluded.public_key
   returning lease_until, (xmax = 0) as is_first, gone_at is not null as was_said_gone, clock_timestamp() as at,
             (select i.partitions from installation i), (select i.epoch from installation i)`,
);

/** Null when the process began with another key: a key of the gateway does not speak for another process of it. */
export async function leaseProcess(
  tx: Tx,
  gateway: GatewayId,
  request: LeaseRequest,
  termMs: number,
): Promise<GrantedLease | null> {
  const [row] = await rows<Row>(tx, statement, [
    gateway,
    request.boot,
    request.version,
    request.policy,
    JSON.stringify(request.public_key),
    termMs / 1_000,
  ]);
  if (row === undefined) return null;
  return {
    leaseUntil: row.lease_until,
    isFirst: row.is_first,
    wasSaidGone: row.was_said_gone,
    at: row.at,
    partitions: row.partitions,
    epoch: Number(row.epoch),
  };
}
