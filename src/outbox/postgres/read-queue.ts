import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

/** Where a queued record stands. */
export interface Queued {
  readonly digest: string;
  readonly isAcked: boolean;
  readonly isSetAside: boolean;
}

interface Row {
  readonly digest: string;
  readonly is_acked: boolean;
  readonly is_set_aside: boolean;
}

const allOf = sql(
  'outbox.read-queue',
  `select p.digest, a.digest is not null as is_acked, p.set_aside_at is not null as is_set_aside
     from outbox_pending p left join outbox_acks a on a.digest = p.digest
    where p.partition = $1
    order by p.queued_at, p.digest`,
);

const someOf = sql(
  'outbox.read-queued',
  `select p.digest, a.digest is not null as is_acked, p.set_aside_at is not null as is_set_aside
     from outbox_pending p left join outbox_acks a on a.digest = p.digest
    where p.digest = any($1::text[])`,
);

const queuedOf = (row: Row): Queued => ({
  digest: row.digest,
  isAcked: row.is_acked,
  isSetAside: row.is_set_aside,
});

/** Every record in the queue of a partition that this statement can see, oldest first. */
export const readQueue = async (tx: Tx, partition: number): Promise<Queued[]> =>
  (await rows<Row>(tx, allOf, [partition])).map(queuedOf);

/** These records, as far as they are still in the queue. */
export const readQueued = async (tx: Tx, digests: readonly string[]): Promise<Queued[]> =>
  (await rows<Row>(tx, someOf, [digests])).map(queuedOf);
