import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';

/** The last watermark of a partition, as it is stored. */
export interface Head {
  readonly partition: number;
  readonly seq: number;
  readonly digest: string;
  readonly value: Uint8Array;
}

/** A head that this process may follow up, until somebody takes its place. */
export interface OwnHead extends Head {
  readonly term: number;
}

/** Who wants to write the next watermark. */
export interface Writer {
  readonly id: string;
  readonly leaseMs: number;
}

interface Row {
  readonly partition: number;
  readonly seq: string;
  readonly digest: string;
  readonly value: Uint8Array;
  readonly term: string;
}

const ownHead = (row: Row): OwnHead => ({
  partition: row.partition,
  seq: Number(row.seq),
  digest: row.digest,
  value: row.value,
  term: Number(row.term),
});

const take = sql(
  'outbox.take-head',
  `update watermark_heads
      set holder = $2, term = term + 1, leased_until = clock_timestamp() + make_interval(secs => $3)
    where partition = $1
      and (holder is null or holder = $2 or leased_until is null or leased_until < clock_timestamp())
   returning partition, seq, digest, value, term`,
);

/** Takes the chain of a partition over, or again. Null while somebody else's lease runs, or before the genesis. */
export async function takeHead(tx: Tx, partition: number, writer: Writer): Promise<OwnHead | null> {
  const [row] = await rows<Row>(tx, take, [partition, writer.id, writer.leaseMs / 1_000]);
  return row ? ownHead(row) : null;
}

const keep = sql(
  'outbox.keep-head',
  `update watermark_heads set leased_until = clock_timestamp() + make_interval(secs => $4)
    where partition = $1 and holder = $2 and term = $3`,
);

/** @returns false when somebody else has taken it over */
export const keepHead = async (tx: Tx, head: OwnHead, writer: Writer): Promise<boolean> =>
  (await touch(tx, keep, [head.partition, writer.id, head.term, writer.leaseMs / 1_000])) === 1;

const release = sql(
  'outbox.release-head',
  `update watermark_heads set holder = null, leased_until = null where partition = $1 and holder = $2`,
);

/** Lets the next writer begin at once. */
export async function releaseHead(tx: Tx, partition: number, writer: Writer): Promise<void> {
  await touch(tx, release, [partition, writer.id]);
}

const acknowledge = sql(
  'outbox.acknowledge-head',
  `update watermark_heads set acked_at = clock_timestamp()
    where partition = $1 and seq = $2 and digest = $3 and acked_at is null`,
);

export async function acknowledgeHead(tx: Tx, head: Head): Promise<void> {
  await touch(tx, acknowledge, [head.partition, head.seq, head.digest]);
}

const read = sql(
  'outbox.read-head',
  `select partition, seq, digest, value, term from watermark_heads where partition = $1`,
);

export async function readHead(tx: Tx, partition: number): Promise<Head | null> {
  const [row] = await rows<Row>(tx, read, [partition]);
  return row ? ownHead(row) : null;
}

const all = sql(
  'outbox.list-heads',
  `select partition, seq, digest, value, term from watermark_heads order by partition`,
);

/** Every chain's head, by partition. */
export const listHeads = async (tx: Tx): Promise<readonly Head[]> =>
  (await rows<Row>(tx, all)).map(ownHead);

interface LockedHead extends Head {
  readonly isAcked: boolean;
  /** Somebody has the right to follow it up. */
  readonly isLeased: boolean;
}

interface LockedRow extends Row {
  readonly is_acked: boolean;
  readonly is_leased: boolean;
}

const lock = sql(
  'outbox.lock-heads',
  `select partition, seq, digest, value, term, acked_at is not null as is_acked,
          coalesce(leased_until > clock_timestamp(), false) as is_leased
     from watermark_heads order by partition for update`,
);

/** Every chain's head, locked: until `tx` ends nobody follows one up. */
export const lockHeads = async (tx: Tx): Promise<LockedHead[]> =>
  (await rows<LockedRow>(tx, lock)).map((row) => ({
    ...ownHead(row),
    isAcked: row.is_acked,
    isLeased: row.is_leased,
  }));

const replace = sql(
  'outbox.replace-heads',
  `update watermark_heads h set seq = n.seq, digest = n.digest, value = n.value, acked_at = null
     from unnest($1::integer[], $2::bigint[], $3::text[], $4::bytea[]) as n (partition, seq, digest, value)
    where h.partition = n.partition`,
);

/** Puts other heads in the place of those that {@link lockHeads} has locked; whoever writes a chain finds out. */
export async function replaceHeads(tx: Tx, heads: readonly Head[]): Promise<void> {
  await touch(tx, replace, [
    heads.map(({ partition }) => partition),
    heads.map(({ seq }) => seq),
    heads.map(({ digest }) => digest),
    heads.map(({ value }) => value),
  ]);
}

const add = sql(
  'outbox.add-heads',
  `insert into watermark_heads (partition, seq, digest, value)
   select * from unnest($1::integer[], $2::bigint[], $3::text[], $4::bytea[])`,
);

/** Chains that the database does not have, from where they stand. */
export async function addHeads(tx: Tx, heads: readonly Head[]): Promise<void> {
  await touch(tx, add, [
    heads.map(({ partition }) => partition),
    heads.map(({ seq }) => seq),
    heads.map(({ digest }) => digest),
    heads.map(({ value }) => value),
  ]);
}

const begin = sql(
  'outbox.store-genesis',
  `insert into watermark_heads (partition, seq, digest, value)
   select partition, 0, digest, value from unnest($1::integer[], $2::text[], $3::bytea[]) as g (partition, digest, value)
   on conflict (partition) do nothing`,
);

/** The first link of each chain. One that exists stays as it is. */
export async function storeGenesis(tx: Tx, heads: readonly Omit<Head, 'seq'>[]): Promise<void> {
  await touch(tx, begin, [
    heads.map(({ partition }) => partition),
    heads.map(({ digest }) => digest),
    heads.map(({ value }) => value),
  ]);
}
