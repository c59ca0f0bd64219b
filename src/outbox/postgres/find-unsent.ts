import type { CaseId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { OutboxRecord } from '../domain/outbox-record.js';

interface Row {
  readonly digest: string;
  readonly organization_id: OrganizationId | null;
  readonly case_id: CaseId;
  readonly key: string;
  readonly partition: number;
  readonly value: Uint8Array;
}

// Replicas do not sweep the same partition: its watermark's writer does, because it waits for these records.
const statement = sql(
  'outbox.find-unsent',
  `select o.digest, o.organization_id, o.case_id, o.key, o.partition, o.value
     from watermark_heads h
     join outbox_pending p on p.partition = h.partition
     join outbox o on o.digest = p.digest
    where h.holder = $1 and h.leased_until > clock_timestamp()
      and p.set_aside_at is null
      and p.queued_at < clock_timestamp() - make_interval(secs => $2)
      and not exists (select from outbox_acks a where a.digest = p.digest)
    order by p.queued_at
    limit $3`,
);

/** What was queued more than `olderThanMs` ago on a partition of `writer`'s, and nobody has marked as sent. Oldest first. */
export async function findUnsent(
  tx: Tx,
  writer: string,
  { olderThanMs, limit }: { readonly olderThanMs: number; readonly limit: number },
): Promise<OutboxRecord[]> {
  const found = await rows<Row>(tx, statement, [writer, olderThanMs / 1_000, limit]);
  return found.map((row) => ({
    digest: row.digest,
    organization: row.organization_id,
    case: row.case_id,
    key: row.key,
    partition: row.partition,
    value: row.value,
  }));
}
