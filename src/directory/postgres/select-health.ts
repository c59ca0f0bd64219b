import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { RequestCount, SeenRequest } from '../connection-healths.js';
import type { ConnectionName } from '../connections.js';
import type { PageOf } from '../page.js';

export interface HealthRow {
  readonly removed_at: Date | null;
  readonly silence_after_s: number | null;
  readonly first_request_at: Date | null;
  readonly last_request_at: Date | null;
  readonly last_success_at: Date | null;
  readonly last_failure_at: Date | null;
  readonly last_failure_code: string | null;
  readonly error_streak: string | null;
  readonly last_turned_away_at: Date | null;
  readonly silent_since: Date | null;
  readonly secret_ends_at: Date | null;
}

const health = sql(
  'directory.select_health',
  `select c.removed_at, c.silence_after_s, h.first_request_at, h.last_request_at, h.last_success_at, h.last_failure_at,
          h.last_failure_code, h.error_streak, h.last_turned_away_at, h.silent_since,
          (select e.expires_at from ending_connection_secrets e
            where e.organization_id = c.organization_id and e.connection_id = c.id) as secret_ends_at
     from connections c
     left join connection_health h on h.organization_id = c.organization_id and h.connection_id = c.id
    where c.organization_id = $1 and c.id = $2`,
);

export async function selectHealth(
  tx: Tx,
  { organization, id }: ConnectionName,
): Promise<HealthRow | null> {
  const [row] = await rows<HealthRow>(tx, health, [organization, id]);
  return row ?? null;
}

export interface SecretUseRow {
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
}

const secrets = sql(
  'directory.list_secret_uses',
  `select s.created_at, s.expires_at, u.last_used_at
     from connection_secrets s
     join connections c on c.organization_id = s.organization_id and c.id = s.connection_id
     left join connection_secret_uses u
       on u.organization_id = s.organization_id and u.connection_id = s.connection_id and u.secret_id = s.id
    where s.organization_id = $1 and s.connection_id = $2 and c.removed_at is null
      and (s.expires_at is null or s.expires_at > clock_timestamp())
    order by s.id desc`,
);

export const listSecretUses = (
  tx: Tx,
  { organization, id }: ConnectionName,
): Promise<SecretUseRow[]> => rows(tx, secrets, [organization, id]);

const counts = sql(
  'directory.list_request_counts',
  `select operation, outcome, sum(count)::float8 as days30,
          coalesce(sum(count) filter (where day = (clock_timestamp() at time zone 'UTC')::date), 0)::float8 as today
     from connection_counts
    where organization_id = $1 and connection_id = $2 and day > (clock_timestamp() at time zone 'UTC')::date - 30
    group by operation, outcome order by operation, outcome`,
);

export const listRequestCounts = (
  tx: Tx,
  { organization, id }: ConnectionName,
): Promise<RequestCount[]> => rows(tx, counts, [organization, id]);

const requests = sql(
  'directory.list_connection_requests',
  `select id, at, method, route, operation, status, code, ms, named
     from connection_requests
    where organization_id = $1 and connection_id = $2 and ($3::uuid is null or id < $3)
      and at > clock_timestamp() - interval '30 days'
    order by id desc limit $4`,
);

export const listConnectionRequests = (
  tx: Tx,
  { organization, id }: ConnectionName,
  { cursor, limit }: PageOf<string>,
): Promise<SeenRequest[]> => rows(tx, requests, [organization, id, cursor, limit]);
