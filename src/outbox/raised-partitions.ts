import { entryOf, type Actor, type AuditLog } from '../audit/index.js';
import type { Hash } from '../contract/crypto-types.js';
import { MAX_PARTITIONS } from '../contract/topics.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type EntryId, type Id } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import { follow, genesis, readLink } from './domain/watermarks.js';
import { lockHeads, replaceHeads, storeGenesis } from './postgres/heads.js';
import { raisePartitions } from './postgres/raise-partitions.js';
import { readClock } from './postgres/read-clock.js';

export interface RaiseParts {
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly installation: Id<'installation'>;
  readonly hash: Hash;
}

/**
 * Gives the revocations topic more partitions while everything runs. Every chain gets one link that tells the new
 * count, and the new chains their genesis, in one transaction. No record goes to a new partition before it: whoever
 * still follows the old count hears of no later T, and its view is stale before it can miss anything.
 */
export class RaisedPartitions {
  readonly #parts: RaiseParts;

  constructor(parts: RaiseParts) {
    this.#parts = parts;
  }

  /**
   * The topic must have that many partitions already.
   *
   * @returns the count before
   * @throws DomainError `request.invalid_value` when it would not be a raise; `store.unavailable` while a head waits for
   *   the broker's word, which is to be tried again
   */
  async raise(count: number, actor: Actor): Promise<number> {
    if (!Number.isSafeInteger(count) || count < 1 || count > MAX_PARTITIONS)
      throw new DomainError('request.invalid_value', `partitions: 1 to ${MAX_PARTITIONS}`);
    return this.#parts.transactions.run('background', (tx) => this.#raiseIn(tx, count, actor));
  }

  async #raiseIn(tx: Tx, count: number, actor: Actor): Promise<number> {
    const { audit, installation, hash } = this.#parts;
    const heads = await lockHeads(tx);
    const [first] = heads;
    if (first === undefined) throw new DomainError('store.unavailable', 'there is no chain yet');
    if (count <= heads.length)
      throw new DomainError('request.invalid_value', `partitions: there are ${heads.length}`);
    // Nothing follows a head up before the broker has it: a link would be missing on the topic.
    if (heads.some(({ isAcked }) => !isAcked))
      throw new DomainError('store.unavailable', 'a watermark is not acknowledged yet');
    const at = await readClock(tx);
    const links = heads.map((head) => {
      const { t, kids } = readLink(head);
      const said = { covers: [], repair: [], kids, more: false, t, partitions: count };
      return follow(head, said, hash);
    });
    const { topic, epoch } = readLink(first);
    const added = Array.from({ length: count - heads.length }, (_, i) => {
      const partition = heads.length + i;
      return genesis({ installation, topic, partition, partitions: count, epoch }, at, hash);
    });
    await replaceHeads(tx, links);
    await storeGenesis(tx, added);
    await raisePartitions(tx, count);
    await audit.append(tx, [
      entryOf({
        id: newId<EntryId>(),
        org: installation,
        at: at.toISOString(),
        action: 'installation.partitions_raised',
        outcome: 'success',
        actor,
        detail: { from: heads.length, to: count },
      }),
    ]);
    return heads.length;
  }
}
