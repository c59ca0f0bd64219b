import type { CaseId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';

export interface RefusedRow {
  readonly digest: string;
  readonly organization_id: OrganizationId | null;
  readonly case_id: CaseId;
  readonly partition: number;
  readonly refusal: string;
  readonly refused_at: Date;
  readonly retried_at: Date | null;
  readonly is_queued: boolean;
}

const unsent = `
   select r.digest, o.organization_id, o.case_id, o.partition, r.refusal, r.refused_at, r.retried_at,
          p.digest is not null as is_queued
     from outbox_refused r
     join outbox o on o.digest = r.digest
     left join outbox_pending p on p.digest = r.digest and p.set_aside_at is null
    where not exists (select from outbox_acks a where a.digest = r.digest)`;

const all = sql('outbox.list-refused', `${unsent} order by r.refused_at, r.digest limit $1`);

const one = sql('outbox.lock-refused', `${unsent} and r.digest = $1 for update of r`);

/** Records that the broker has refused and not taken since, the oldest first. */
export const listRefused = (tx: Tx, limit: number): Promise<RefusedRow[]> =>
  rows<RefusedRow>(tx, all, [limit]);

/** One of them, locked: nobody else has it queued again meanwhile. Null when there is none. */
export const lockRefused = async (tx: Tx, digest: string): Promise<RefusedRow | null> =>
  (await rows<RefusedRow>(tx, one, [digest]))[0] ?? null;

const queue = sql(
  'outbox.queue-refused',
  `with retried as (
     update outbox_refused set retried_at = clock_timestamp() where digest = $1 returning digest)
   insert into outbox_pending (digest, partition, organization_id) select digest, $2, $3 from retried
   on conflict (digest) do update set set_aside_at = null`,
);

/** Puts a record back into the queue, whether the last watermark has listed it or not. */
export const queueRefused = async (
  tx: Tx,
  row: Pick<RefusedRow, 'digest' | 'partition' | 'organization_id'>,
): Promise<void> => {
  await touch(tx, queue, [row.digest, row.partition, row.organization_id]);
};
