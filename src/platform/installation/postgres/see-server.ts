import type { Tx } from '../../../kernel/tx.js';
import { rows, sql, touch } from '../../postgres/rows.js';
import {
  SIGHT,
  sightOf,
  type ServerIdentity,
  type Sight,
  type SightRow,
} from '../../postgres/server-identity.js';

const see = sql('installation.see_server', SIGHT);

/** Null when a standby answered, or before there is an installation. */
export async function seeServer(tx: Tx): Promise<Sight | null> {
  const [row] = await rows<SightRow>(tx, see);
  return row === undefined ? null : sightOf(row);
}

const remember = sql(
  'installation.remember_server',
  `update installation set system_identifier = $1, timeline = $2, is_synchronous = $3
    where (system_identifier, timeline, is_synchronous) is distinct from ($1::text, $2::bigint, $3::boolean)`,
);

/** @returns false when it stood there already */
export const rememberServer = async (tx: Tx, server: ServerIdentity): Promise<boolean> =>
  (await touch(tx, remember, [server.systemIdentifier, server.timeline, server.isSynchronous])) ===
  1;
