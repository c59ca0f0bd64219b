import type { PublicJwk } from '../../contract/lease.js';
import type { GatewayId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { ProcessName } from '../gateways.js';

interface Row {
  readonly gateway_id: GatewayId;
  readonly boot: string;
  readonly public_key: PublicJwk;
  readonly was_said_gone: boolean;
}

/** What a receipt of a process must be signed with. */
export interface ProcessKey extends ProcessName {
  readonly key: PublicJwk;
  /** Somebody has said that it is gone, which its receipt may refute. */
  readonly wasSaidGone: boolean;
}

const statement = sql(
  'outbox.find-process-keys',
  `select p.gateway_id, p.boot, p.public_key, p.gone_at is not null as was_said_gone
     from unnest($1::uuid[], $2::uuid[]) as n (gateway_id, boot)
     join gateway_processes p on p.gateway_id = n.gateway_id and p.boot = n.boot
     join gateways g on g.id = p.gateway_id and g.deleted_at is null`,
);

/** The keys that processes of living gateways registered with their lease. */
export async function findProcessKeys(
  tx: Tx,
  names: readonly ProcessName[],
): Promise<ProcessKey[]> {
  const found = await rows<Row>(tx, statement, [
    names.map(({ gateway }) => gateway),
    names.map(({ boot }) => boot),
  ]);
  return found.map((row) => ({
    gateway: row.gateway_id,
    boot: row.boot,
    key: row.public_key,
    wasSaidGone: row.was_said_gone,
  }));
}
