import type { CaseId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';
import type { OutboxRecord } from '../domain/outbox-record.js';

interface Row {
  readonly digest: string;
  readonly organization_id: OrganizationId | null;
  readonly case_id: CaseId;
  readonly key: string;
  readonly partition: number;
  readonly value: Uint8Array;
}

const IS_FREE = `(p.swept_at is null or p.swept_at < clock_timestamp() - make_interval(secs => $2))`;

// Whoever sweeps at the same moment takes others. Each organization's oldest comes before anybody's second one. Whether a
// row is free is asked again once it is locked: another sweeper may have taken it after this statement began.
const take = sql(
  'outbox.take-unsent',
  `with waiting as (
     select p.digest, p.queued_at, row_number() over (partition by p.organization_id order by p.queued_at) as turn
       from outbox_pending p
      where p.set_aside_at is null and p.queued_at < clock_timestamp() - make_interval(secs => $1) and ${IS_FREE}
        and not exists (select from outbox_acks a where a.digest = p.digest)),
   mine as (
     select p.digest, w.turn, w.queued_at
       from waiting w join outbox_pending p on p.digest = w.digest
      where ${IS_FREE}
      order by w.turn, w.queued_at
      limit $3
        for update of p skip locked),
   taken as (
     update outbox_pending p set swept_at = clock_timestamp() from mine where p.digest = mine.digest)
   select o.digest, o.organization_id, o.case_id, o.key, o.partition, o.value
     from mine join outbox o on o.digest = mine.digest
    order by mine.turn, mine.queued_at`,
);

/**
 * Takes what was queued more than `olderThanMs` ago and nobody has marked as sent. Nobody else takes it within
 * `holdMs`: whoever has it may have died.
 */
export async function takeUnsent(
  tx: Tx,
  {
    olderThanMs,
    holdMs,
    limit,
  }: { readonly olderThanMs: number; readonly holdMs: number; readonly limit: number },
): Promise<OutboxRecord[]> {
  const found = await rows<Row>(tx, take, [olderThanMs / 1_000, holdMs / 1_000, limit]);
  return found.map((row) => ({
    digest: row.digest,
    organization: row.organization_id,
    case: row.case_id,
    key: row.key,
    partition: row.partition,
    value: row.value,
  }));
}

const leave = sql(
  'outbox.leave-unsent',
  `update outbox_pending set swept_at = null where digest = $1 and swept_at is not null`,
);

/** Lets a record go that was taken, for the next sweep. */
export const leaveUnsent = async (tx: Tx, digest: string): Promise<void> => {
  await touch(tx, leave, [digest]);
};
