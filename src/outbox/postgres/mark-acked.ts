import type { Tx } from '../../kernel/tx.js';
import { sql, touch } from '../../platform/postgres/rows.js';

/** The broker's word that it has a record. */
export interface RecordAck {
  readonly digest: string;
  readonly partition: number;
  readonly offset: number;
  readonly ackedAt: Date;
  readonly committedAt: Date | null;
}

// Its COMMIT does not wait for the disk, where those who leave wait. If PostgreSQL crashes before the disk has it, the record
// is sent again; and a watermark that lists it is committed later, so that the disk has this whenever it has that.
const statement = sql(
  'outbox.mark-acked',
  `insert into outbox_acks (digest, partition, "offset", acked_at, committed_at)
   select a.* from (select set_config('synchronous_commit', 'off', true) offset 0) unhurried,
                   unnest($1::text[], $2::integer[], $3::bigint[], $4::timestamptz[], $5::timestamptz[]) a
   on conflict (digest) do nothing`,
);

/** The first acknowledgement of a record wins. */
export async function markAcked(tx: Tx, acks: readonly RecordAck[]): Promise<void> {
  await touch(tx, statement, [
    acks.map(({ digest }) => digest),
    acks.map(({ partition }) => partition),
    acks.map(({ offset }) => offset),
    acks.map(({ ackedAt }) => ackedAt),
    acks.map(({ committedAt }) => committedAt),
  ]);
}
