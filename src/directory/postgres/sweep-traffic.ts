import type { Tx } from '../../kernel/tx.js';
import { sql, touch } from '../../platform/postgres/rows.js';
import { sweepTokens } from './connection-tokens.js';
import { dropOldRosterNames } from './roster-names.js';

const ROSTER_PAGE = 100_000;
const TOKEN_PAGE = 50_000;

const statements = [
  sql(
    'directory.sweep_requests',
    `delete from connection_requests where at < clock_timestamp() - interval '30 days'`,
  ),
  sql(
    'directory.sweep_counts',
    `delete from connection_counts where day < (clock_timestamp() - interval '31 days')::date`,
  ),
  sql(
    'directory.sweep_traffic_writers',
    `delete from connection_traffic_writers where at < clock_timestamp() - interval '7 days'`,
  ),
];

/** Drops what is too old to be shown. */
export async function sweepTraffic(tx: Tx): Promise<void> {
  for (const statement of statements) await touch(tx, statement);
  // Few at a time: the next sweep goes on.
  await dropOldRosterNames(tx, ROSTER_PAGE);
  await sweepTokens(tx, TOKEN_PAGE);
}
