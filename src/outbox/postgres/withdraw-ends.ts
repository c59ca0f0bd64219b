import type { GatewayId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { ProcessName } from '../gateways.js';

interface Row {
  readonly gateway_id: GatewayId;
  readonly boot: string;
  readonly gone_at: Date;
  readonly at: Date;
}

// Whoever takes the word away is the one who says so: another replica waits for the row, and finds it taken.
const statement = sql(
  'outbox.withdraw-ends',
  `update gateway_processes p
      set gone_at = null, gone_by = null
     from (select o.gateway_id, o.boot, o.gone_at
             from gateway_processes o
            where (o.gateway_id, o.boot) in (select * from unnest($1::uuid[], $2::uuid[]))
              and o.gone_at is not null and gone_since(o) is null
            order by o.gateway_id, o.boot
              for update of o) was
    where p.gateway_id = was.gateway_id and p.boot = was.boot
   returning p.gateway_id, p.boot, was.gone_at, clock_timestamp() as at`,
);

/**
 * Takes the word away that these processes are gone, where they have been heard of since.
 *
 * @returns whom it was taken from, since when they had been said to be gone, and the primary's clock
 */
export async function withdrawEnds(
  tx: Tx,
  names: readonly ProcessName[],
): Promise<(ProcessName & { readonly goneAt: Date; readonly at: Date })[]> {
  const found = await rows<Row>(tx, statement, [
    names.map(({ gateway }) => gateway),
    names.map(({ boot }) => boot),
  ]);
  return found.map((row) => ({
    gateway: row.gateway_id,
    boot: row.boot,
    goneAt: row.gone_at,
    at: row.at,
  }));
}
