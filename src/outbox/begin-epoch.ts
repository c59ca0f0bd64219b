import type { Hash } from '../contract/crypto-types.js';
import { DomainError } from '../kernel/domain-error.js';
import type { Tx } from '../kernel/tx.js';
import { follow, instead, readLink, type Link } from './domain/watermarks.js';
import { addHeads, lockHeads, replaceHeads } from './postgres/heads.js';
import { moveEpoch } from './postgres/move-epoch.js';
import { isNewer, type RememberedHead } from './topic-memory.js';

/** What a recovery makes of an installation. */
export interface BegunEpoch {
  readonly epoch: number;
  readonly partitions: number;
  /** Chains whose end only the topic knew. */
  readonly adopted: number;
  /** Signing keys that the chains call revoked. */
  readonly kids: readonly string[];
}

/**
 * Goes on in a new epoch from the furthest head of each chain, be it the database's or the topic's. What an older
 * database or an older service still writes is outdated from then on, for every gateway that has heard of it.
 *
 * @throws DomainError `store.unavailable` while a service writes the chains: it has to be stopped first
 */
export async function beginEpoch(
  tx: Tx,
  heard: ReadonlyMap<number, RememberedHead>,
  hash: Hash,
): Promise<BegunEpoch> {
  const stored = await lockHeads(tx);
  if (stored.some(({ isLeased }) => isLeased))
    throw new DomainError('store.unavailable', 'a service writes watermarks: stop every replica');
  const known = new Map<number, Link>(stored.map((head) => [head.partition, head]));
  const furthest = new Map(known);
  let adopted = 0;
  for (const head of heard.values()) {
    const own = known.get(head.partition);
    const isAhead = own === undefined || isNewer(head.watermark, readLink(own));
    const isFork = own !== undefined && !isAhead && own.digest !== head.digest;
    if (!isAhead && !(isFork && readLink(own).seq === head.seq)) continue;
    furthest.set(head.partition, head);
    adopted += 1;
  }
  const said = [...furthest.values()].map(readLink);
  const epoch = 1 + said.reduce((most, one) => Math.max(most, one.epoch), 1);
  const partitions = said.reduce((most, one) => Math.max(most, one.partitions), furthest.size);
  const kids = [...new Set(said.flatMap((one) => one.kids))].sort();
  const unseen = new Set(stored.filter(({ isAcked }) => !isAcked).map(({ digest }) => digest));
  for (const { digest } of heard.values()) unseen.delete(digest);
  const links = [...furthest.values()].map((head) => {
    // The topic never got it, and nobody would send it any more: a link behind it would leave a hole there.
    if (unseen.has(head.digest)) return instead(head, { kids, partitions, epoch }, hash);
    const { t } = readLink(head);
    const next = { covers: [], repair: [], kids, more: false, t, partitions, epoch };
    return follow(head, next, hash);
  });
  await replaceHeads(
    tx,
    links.filter(({ partition }) => known.has(partition)),
  );
  await addHeads(
    tx,
    links.filter(({ partition }) => !known.has(partition)),
  );
  await moveEpoch(tx, { epoch, partitions });
  return { epoch, partitions, adopted, kids };
}
