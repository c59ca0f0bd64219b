import type { ConnectionId, Id, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';
import type { Interop } from '../read/edit.js';

/** One that is to be carried out, or goes on. */
export interface OpenJob {
  readonly id: string;
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
  readonly interop: Interop;
  readonly receivedAt: Date;
  readonly request: Uint8Array;
  readonly tries: number;
  readonly ageMs: number;
  /** False once the connection has been removed. */
  readonly isWanted: boolean;
}

type NewJob = Pick<
  OpenJob,
  'id' | 'organization' | 'connection' | 'interop' | 'receivedAt' | 'request'
>;

const add = sql(
  'scim.add_bulk_job',
  `insert into bulk_jobs (organization_id, connection_id, id, interop, received_at, request)
   select $1, $2, $3, $4, $5, $6
    where (select count(*) from bulk_jobs where organization_id = $1 and connection_id = $2 and finished_at is null) < $7`,
);

/** @returns false when the connection has that many waiting already */
export const addJob = async (tx: Tx, job: NewJob, most: number): Promise<boolean> =>
  (await touch(tx, add, [
    ...[job.organization, job.connection, job.id, job.interop, job.receivedAt],
    Buffer.from(job.request),
    most,
  ])) > 0;

// The organization that has waited longest for its turn, and its oldest. Whether it is free is asked again once it is
// locked: another process may have taken it after this statement began.
const take = sql(
  'scim.take_bulk_job',
  `with turns as materialized (
     select o.organization_id,
            (select max(k.taken_at) from bulk_jobs k where k.organization_id = o.organization_id) as taken_at
       from (select distinct organization_id from bulk_jobs where finished_at is null) o),
   mine as (
     select j.organization_id, j.id from bulk_jobs j join turns t on t.organization_id = j.organization_id
      where j.finished_at is null and j.held_until < clock_timestamp()
      order by t.taken_at nulls first, j.created_at limit 1 for update of j skip locked)
   update bulk_jobs j set holder = $1, held_until = clock_timestamp() + make_interval(secs => $2), tries = j.tries + 1,
                          taken_at = clock_timestamp()
     from mine where j.organization_id = mine.organization_id and j.id = mine.id
   returning j.id, j.organization_id as organization, j.connection_id as connection, j.interop,
             j.received_at as "receivedAt", j.request, j.tries,
             (extract(epoch from clock_timestamp() - j.created_at) * 1000)::float8 as "ageMs",
             exists (select from connections c where c.organization_id = j.organization_id and c.id = j.connection_id
                                                 and c.removed_at is null) as "isWanted"`,
);

export async function takeJob(
  tx: Tx,
  holder: Id<'worker'>,
  holdMs: number,
): Promise<OpenJob | null> {
  return (await rows<OpenJob>(tx, take, [holder, holdMs / 1_000]))[0] ?? null;
}

const hold = sql(
  'scim.hold_bulk_job',
  `update bulk_jobs set held_until = clock_timestamp() + make_interval(secs => $4)
    where organization_id = $1 and id = $2 and holder = $3 and finished_at is null`,
);

/** @returns false when somebody else has it by now */
export const holdJob = async (
  tx: Tx,
  { organization, id }: Pick<OpenJob, 'organization' | 'id'>,
  { holder, ms }: { readonly holder: Id<'worker'>; readonly ms: number },
): Promise<boolean> => (await touch(tx, hold, [organization, id, holder, ms / 1_000])) > 0;

const finish = sql(
  'scim.finish_bulk_job',
  `with done as (
     update bulk_jobs set finished_at = clock_timestamp(), request = null, result = $3
      where organization_id = $1 and id = $2 and finished_at is null
     returning finished_at),
   steps as (
     delete from bulk_job_steps where organization_id = $1 and job_id = $2 and exists (select from done))
   select finished_at as "finishedAt" from done`,
);

/** Its request and steps go. @returns when; null when another run has finished it */
export async function finishJob(
  tx: Tx,
  { organization, id }: Pick<OpenJob, 'organization' | 'id'>,
  result: Uint8Array,
): Promise<Date | null> {
  const [row] = await rows<{ readonly finishedAt: Date }>(tx, finish, [
    organization,
    id,
    Buffer.from(result),
  ]);
  return row?.finishedAt ?? null;
}

const drop = sql(
  'scim.drop_bulk_job',
  'delete from bulk_jobs where organization_id = $1 and id = $2',
);

export const dropJob = async (
  tx: Tx,
  { organization, id }: Pick<OpenJob, 'organization' | 'id'>,
): Promise<void> => {
  await touch(tx, drop, [organization, id]);
};

const result = sql(
  'scim.bulk_job_result',
  'select result from bulk_jobs where organization_id = $1 and connection_id = $2 and id = $3',
);

/** `result` is null until it has finished; null when the connection has no such job. */
export async function jobResult(
  tx: Tx,
  place: Pick<OpenJob, 'organization' | 'connection' | 'id'>,
): Promise<{ readonly result: Uint8Array | null } | null> {
  const values = [place.organization, place.connection, place.id];
  return (await rows<{ readonly result: Uint8Array | null }>(tx, result, values))[0] ?? null;
}

const old = sql(
  'scim.old_bulk_jobs',
  `delete from bulk_jobs where (organization_id, id) in (
     select organization_id, id from bulk_jobs where finished_at < clock_timestamp() - make_interval(hours => $1) limit $2)`,
);

export const deleteOldJobs = (tx: Tx, hours: number, limit: number): Promise<number> =>
  touch(tx, old, [hours, limit]);
