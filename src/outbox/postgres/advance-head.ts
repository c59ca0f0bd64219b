import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { Head, OwnHead, Writer } from './heads.js';

// One statement: if the head is not the one that the writer followed, nothing at all happens.
const statement = sql(
  'outbox.advance-head',
  `with moved as (
     update watermark_heads
        set seq = $4, digest = $5, value = $6, acked_at = null,
            leased_until = clock_timestamp() + make_interval(secs => $9)
      where partition = $1 and seq = $2 and digest = $3 and holder = $7 and term = $8
        and acked_at is not null
     returning partition, seq),
   listed as (
     insert into outbox_covers (digest, partition, seq)
     select d.digest, moved.partition, moved.seq from moved, unnest($10::text[]) as d (digest)
     on conflict (digest) do nothing),
   left_queue as (
     delete from outbox_pending p using moved, unnest($10::text[]) as d (digest)
      where p.digest = d.digest and not (p.digest = any($11::text[]) and p.set_aside_at is null))
   select seq from moved`,
);

/**
 * Compare-and-set: follows `head` up with `next`, which covers these records. They leave the queue with it. Not
 * before the head's own broker ack, so that the topic never lacks a link.
 *
 * @returns false when the head is another one by now, or belongs to somebody else; then nothing happened
 */
export async function advanceHead(
  tx: Tx,
  step: {
    readonly head: OwnHead;
    readonly next: Head;
    readonly covers: readonly string[];
    /** Which of them the topic cannot carry. One that an operator has had queued again meanwhile stays in the queue. */
    readonly repair: readonly string[];
    readonly writer: Writer;
  },
): Promise<boolean> {
  const { head, next, covers, repair, writer } = step;
  const moved = await rows(tx, statement, [
    head.partition,
    head.seq,
    head.digest,
    next.seq,
    next.digest,
    next.value,
    writer.id,
    head.term,
    writer.leaseMs / 1_000,
    covers,
    repair,
  ]);
  return moved.length === 1;
}
