import type { ProcessProgress, RecordProgress } from '../../cases/index.js';
import type { Policy } from '../../contract/lease.js';
import type { CaseId, GatewayId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

interface RecordRow {
  readonly case_id: CaseId;
  readonly digest: string;
  readonly partition: number;
  readonly offset: string | null;
  readonly acked_at: Date | null;
  readonly committed_at: Date | null;
  readonly covered: boolean;
}

const recordsOf = sql(
  'outbox.records-of-cases',
  `select o.case_id, o.digest, o.partition, a."offset", a.acked_at, a.committed_at, c.digest is not null as covered
     from outbox_records o
     left join outbox_acks a on a.digest = o.digest
     left join outbox_covers c on c.digest = o.digest
    where o.case_id = any($1::uuid[])
    order by o.created_at, o.digest`,
);

export async function findRecordsOfCases(
  tx: Tx,
  cases: readonly CaseId[],
): Promise<(RecordProgress & { readonly case: CaseId })[]> {
  const found = await rows<RecordRow>(tx, recordsOf, [cases]);
  return found.map((row) => ({
    case: row.case_id,
    digest: row.digest,
    partition: row.partition,
    ack:
      row.acked_at === null
        ? null
        : {
            offset: Number(row.offset),
            ackedAt: row.acked_at,
            committedAt: row.committed_at,
          },
    covered: row.covered,
  }));
}

interface ProcessRow {
  readonly case_id: CaseId;
  readonly gateway_id: GatewayId;
  readonly name: string;
  readonly policy: Policy;
  readonly applied_at: Date | null;
}

// A process has applied a case when it has applied every record of it, by its own word or because it stands behind
// the watermark that covers the record. A process that fell silent and came back counts for the time between too:
// what it missed shows as applied late. One that is gone counts for what was revoked before. revoked_at has been cut to its millisecond.
const processesOf = sql(
  'outbox.processes-of-cases',
  `select n.case_id, p.gateway_id, g.name, p.policy, done.applied_at
     from unnest($1::uuid[], $2::timestamptz[]) as n (case_id, revoked_at)
     join gateway_processes p
       on p.first_seen_at < n.revoked_at + interval '1 ms'
      and (gone_since(p) is null or gone_since(p) > n.revoked_at)
      and (p.policy = 'best-effort'
           or greatest(p.lease_until, p.last_seen_at) >= n.revoked_at - make_interval(secs => $3))
     join gateways g on g.id = p.gateway_id
     cross join lateral (
       select count(*) as records,
              case when count(*) = count(each.applied_at) then max(each.applied_at) end as applied_at
         from (select coalesce(a.applied_at, case when s.seq >= c.seq then s.received_at end) as applied_at
                 from outbox_records o
                 left join gateway_applied a
                   on a.digest = o.digest and a.gateway_id = p.gateway_id and a.boot = p.boot
                 left join outbox_covers c on c.digest = o.digest
                 left join gateway_positions s
                   on s.gateway_id = p.gateway_id and s.boot = p.boot and s.partition = c.partition
                where o.case_id = n.case_id) each) done
    where done.records > 0
      and (g.deleted_at is null or done.applied_at is not null
           or (p.policy <> 'best-effort' and g.deleted_at > n.revoked_at))
    order by g.name, p.first_seen_at, p.boot`,
);

/** The processes that count for each case: those with a lease or receipt in the `sinceMs` before it was revoked. */
export async function findProcessesOfCases(
  tx: Tx,
  cases: readonly { readonly id: CaseId; readonly revokedAt: Date }[],
  sinceMs: number,
): Promise<(ProcessProgress & { readonly case: CaseId })[]> {
  const found = await rows<ProcessRow>(tx, processesOf, [
    cases.map(({ id }) => id),
    cases.map(({ revokedAt }) => revokedAt),
    sinceMs / 1_000,
  ]);
  return found.map((row) => ({
    case: row.case_id,
    gateway: row.gateway_id,
    name: row.name,
    policy: row.policy,
    appliedAt: row.applied_at,
  }));
}
