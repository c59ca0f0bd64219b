import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';
import { REQUESTS_KEPT } from '../domain/traffic.js';
import type { Silence } from '../traffic/silence-entries.js';
import type { Batch } from '../traffic/traffic-batch.js';

// Numbers only go up: what was written before its reply was lost is not written again.
const claim = sql(
  'directory.claim_traffic',
  `insert into connection_traffic_writers as t (writer, seq) values ($1, $2)
   on conflict (writer) do update set seq = excluded.seq, at = clock_timestamp() where t.seq < excluded.seq`,
);

const seen = `select * from jsonb_to_recordset($1::jsonb) as s (
    organization_id uuid, connection_id uuid, first_at timestamptz, last_at timestamptz, success_at timestamptz,
    failure_at timestamptz, failure_code text, streak bigint, turned_away_at timestamptz)`;

// Least and greatest pass over what is null.
const health = sql(
  'directory.write_connection_health',
  `insert into connection_health as h
          (organization_id, connection_id, first_request_at, last_request_at, last_success_at, last_failure_at,
           last_failure_code, error_streak, last_turned_away_at)
   select organization_id, connection_id, first_at, last_at, success_at, failure_at, failure_code, streak, turned_away_at
     from (${seen}) s
   on conflict (organization_id, connection_id) do update set
     first_request_at = least(h.first_request_at, excluded.first_request_at),
     last_request_at = greatest(h.last_request_at, excluded.last_request_at),
     last_success_at = greatest(h.last_success_at, excluded.last_success_at),
     last_failure_code = case when h.last_failure_at is null or excluded.last_failure_at >= h.last_failure_at
                              then excluded.last_failure_code else h.last_failure_code end,
     last_failure_at = greatest(h.last_failure_at, excluded.last_failure_at),
     error_streak = excluded.error_streak + case when excluded.last_success_at is null then h.error_streak else 0 end,
     last_turned_away_at = greatest(h.last_turned_away_at, excluded.last_turned_away_at)`,
);

const counts = sql(
  'directory.write_connection_counts',
  `insert into connection_counts as t (organization_id, connection_id, day, operation, outcome, count)
   select organization_id, connection_id, day, operation, outcome, count
     from jsonb_to_recordset($1::jsonb) as c (organization_id uuid, connection_id uuid, day date, operation text,
                                              outcome text, count bigint)
   on conflict (organization_id, connection_id, day, operation, outcome) do update set count = t.count + excluded.count`,
);

const secrets = sql(
  'directory.write_secret_uses',
  `insert into connection_secret_uses as t (organization_id, connection_id, secret_id, last_used_at)
   select organization_id, connection_id, id, at
     from jsonb_to_recordset($1::jsonb) as u (organization_id uuid, connection_id uuid, id uuid, at timestamptz)
   on conflict (organization_id, connection_id, secret_id)
      do update set last_used_at = greatest(t.last_used_at, excluded.last_used_at)`,
);

const requests = sql(
  'directory.write_connection_requests',
  `insert into connection_requests (organization_id, connection_id, id, at, method, route, operation, status, code, ms, named)
   select organization_id, connection_id, id, at, method, route, operation, status, code, ms, named
     from jsonb_to_recordset($1::jsonb) as r (organization_id uuid, connection_id uuid, id uuid, at timestamptz,
                                              method text, route text, operation text, status integer, code text,
                                              ms real, named jsonb)
   on conflict do nothing`,
);

// Ids are made as requests come: the greatest are the last ones. Where they end is looked up once for each connection,
// and not once more for each request that might be too old.
const trim = sql(
  'directory.trim_connection_requests',
  `with too_old as materialized (
     select s.organization_id, s.connection_id, last.id
       from (${seen}) s
      cross join lateral (select k.id from connection_requests k
                           where k.organization_id = s.organization_id and k.connection_id = s.connection_id
                           order by k.id desc offset ${REQUESTS_KEPT} limit 1) last)
   delete from connection_requests r
    using too_old o
    where r.organization_id = o.organization_id and r.connection_id = o.connection_id and r.id <= o.id`,
);

const heard = sql(
  'directory.end_silence',
  `with over as (
     select h.organization_id, h.connection_id, h.silent_since
       from connection_health h join (${seen}) s using (organization_id, connection_id)
      where h.silent_since is not null and h.last_success_at > h.silent_since
      for update of h
   )
   update connection_health h set silent_since = null from over
    where h.organization_id = over.organization_id and h.connection_id = over.connection_id
   returning over.organization_id, over.connection_id, over.silent_since, clock_timestamp() as at`,
);

/** @returns connections that had been silent and were heard in this batch; nothing when it was written before */
export async function writeTraffic(tx: Tx, batch: Batch): Promise<readonly Silence[]> {
  if ((await touch(tx, claim, [batch.writer, batch.seq])) === 0) return [];
  const all = JSON.stringify(batch.seen);
  await touch(tx, health, [all]);
  await touch(tx, counts, [JSON.stringify(batch.counts)]);
  if (batch.secrets.length > 0) await touch(tx, secrets, [JSON.stringify(batch.secrets)]);
  if (batch.requests.length > 0) {
    await touch(tx, requests, [JSON.stringify(batch.requests)]);
    await touch(tx, trim, [all]);
  }
  return rows<Silence>(tx, heard, [all]);
}
