import type { ChainHead } from '../../contract/snapshot.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import { readClock } from './read-clock.js';

/** Everything that was committed at one moment, by the name of that moment. */
export interface Sight {
  /** The primary's clock before it looked: what was acknowledged before `t` is there. */
  readonly t: Date;
  /** PostgreSQL's own name for it (`pg_snapshot`). */
  readonly snapshot: string;
  readonly epoch: number;
  readonly partitions: number;
  readonly heads: readonly ChainHead[];
  readonly kids: readonly string[];
  /** How long tokens of foreign issuers may live, seconds; 0 without one. */
  readonly foreignLifeS: number;
}

interface Row {
  readonly snapshot: string;
  readonly epoch: string;
  readonly partitions: number;
  readonly heads: readonly ChainHead[];
  readonly kids: readonly string[];
  readonly foreign_life_s: number;
}

const statement = sql(
  'outbox.look-at-feed',
  `select pg_current_snapshot()::text as snapshot, i.epoch, i.partitions,
          (select coalesce(jsonb_agg(jsonb_build_object('partition', partition, 'seq', seq, 'digest', digest)
                                     order by partition), '[]') from watermark_heads) as heads,
          (select coalesce(array_agg(kid order by kid), '{}') from revoked_kids) as kids,
          (select coalesce(max(max_ttl_s), 0) from foreign_issuers
            where removed_at is null or removed_at > clock_timestamp() - interval '1 day') as foreign_life_s
     from installation i`,
);

/**
 * First the clock, then, in a statement of its own, the moment: a commit that was acknowledged before t is in the
 * snapshot of a statement that starts after t. Heads and keys come from that same snapshot, so that what the heads
 * cover is in it, too.
 */
export async function lookAtFeed(tx: Tx): Promise<Sight> {
  const t = await readClock(tx);
  const [row] = await rows<Row>(tx, statement);
  if (row === undefined) throw new TypeError('there is no installation');
  const { foreign_life_s: foreignLifeS, ...moment } = row;
  return { t, ...moment, epoch: Number(row.epoch), foreignLifeS };
}
