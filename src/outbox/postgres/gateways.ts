import type { GatewayId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';

const add = sql(
  'outbox.add-gateway',
  `insert into gateways (id, name, digest) values ($1, $2, $3)
   on conflict do nothing`,
);

/** @returns false when a living gateway has this name */
export const addGateway = async (
  tx: Tx,
  gateway: { readonly id: GatewayId; readonly name: string; readonly digest: Uint8Array },
): Promise<boolean> => (await touch(tx, add, [gateway.id, gateway.name, gateway.digest])) === 1;

const remove = sql(
  'outbox.remove-gateway',
  `update gateways set deleted_at = clock_timestamp() where id = $1 and deleted_at is null`,
);

/** @returns false when there is none */
export const removeGateway = async (tx: Tx, id: GatewayId): Promise<boolean> =>
  (await touch(tx, remove, [id])) === 1;

const digestOf = sql(
  'outbox.digest-of-gateway',
  `select digest from gateways where id = $1 and deleted_at is null`,
);

/** The digest of a living gateway's key. */
export async function digestOfGateway(tx: Tx, id: GatewayId): Promise<Uint8Array | null> {
  const [row] = await rows<{ readonly digest: Uint8Array }>(tx, digestOf, [id]);
  return row?.digest ?? null;
}

const living = sql(
  'outbox.living-gateways',
  `select id from gateways where id = any($1::uuid[]) and deleted_at is null`,
);

/** Which of these have not been deleted. */
export const livingGateways = async (
  tx: Tx,
  ids: readonly GatewayId[],
): Promise<ReadonlySet<GatewayId>> =>
  new Set((await rows<{ readonly id: GatewayId }>(tx, living, [ids])).map(({ id }) => id));
